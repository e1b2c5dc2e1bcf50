/** Operations on a partner's companies, their bank accounts, and the directory of banks. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import {
  createdAt,
  etag,
  id,
  orderBy,
  pageOf,
  pageQuery,
  search,
  searchedOrSorted,
  text,
  updatedAt,
} from "../contract/schemas.ts";
import { administrators, type Scope } from "../domain/access.ts";
import { eventPartitions } from "../events/keys.ts";
import { identityPartitions } from "../identity/keys.ts";
import { companyPartitions } from "./keys.ts";
import { maxAccounts, maxCompanyNameLength } from "./model.ts";
import { canonicalMoney, moneyPattern } from "./money.ts";

const bankSchema = z
  .object({
    code: z.string().describe("Three digits, as `bankCode` of an account takes them"),
    name: z.string().describe("Name of the bank"),
  })
  .meta({ id: "Bank", description: "A bank of the directory" });

const accountSchema = z
  .object({
    id: id("acc_"),
    agency: z.string().describe("Branch of the bank"),
    accountNumber: z.string().describe("Number of the account, with its check digit"),
    bank: bankSchema,
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "BankAccount", description: "A bank account of a company" });

export type BankAccountView = z.output<typeof accountSchema>;

const companySchema = z
  .object({
    id: id("cmp_"),
    name: z.string().describe("Name of the company"),
    phone: z.string().describe("Phone number with its country code, digits only"),
    declaredBilling: z.string().meta({
      description: "Declared billing: a decimal as text, always with two places",
      examples: ["1234567890.12"],
    }),
    bankAccounts: z.array(accountSchema).describe("Its bank accounts, oldest first"),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "Company", description: "A company of a partner" });

export type CompanyView = z.output<typeof companySchema>;

const accountExample: BankAccountView = {
  id: "acc_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  agency: "0001",
  accountNumber: "123456X",
  bank: { code: "341", name: "Itaú Unibanco" },
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

const companyExample: CompanyView = {
  id: "cmp_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  name: "Padaria Aurora",
  phone: "551130001234",
  declaredBilling: "1234567890.12",
  bankAccounts: [accountExample],
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

const money = z
  .string()
  .transform((value, context) => {
    const canonical = canonicalMoney(value);
    if (canonical !== undefined) return canonical;
    const message = "must be a decimal from 0 to 9999999999.99 with at most two places";
    context.issues.push({ code: "custom", input: value, message });
    return z.NEVER;
  })
  .meta({ type: "string", pattern: moneyPattern.source, examples: ["1234567890.12"] })
  .describe("Declared billing: a decimal from 0 to 9999999999.99 with at most two places, as text");

const digitsOrLetters = z.string().regex(/^[0-9A-Za-z]{1,10}$/, "must have 1 to 10 digits or letters");

const accountFields = z.strictObject({
  agency: digitsOrLetters.describe("Branch of the bank"),
  accountNumber: digitsOrLetters.describe("Number of the account, with its check digit"),
  // The rules check that the bank exists: the refusal has its own problem code.
  bankCode: z.string().meta({
    pattern: "^[0-9]{3}$",
    description: "`code` of a bank of `GET /v1/banks`",
    examples: ["341"],
  }),
});

const companyFields = z.strictObject({
  name: text(1, maxCompanyNameLength).describe("Name of the company"),
  phone: z
    .string()
    .regex(/^[0-9]{1,15}$/, "must have 1 to 15 digits")
    .meta({ description: "Phone number with its country code, digits only", examples: ["551130001234"] }),
  declaredBilling: money,
});

const creation = companyFields.extend({
  bankAccounts: z
    .array(accountFields)
    .max(maxAccounts, `must have at most ${maxAccounts} entries`)
    .optional()
    .describe("Bank accounts to create with it; none by default"),
});

const patch = companyFields.partial();
const accountPatch = accountFields.partial();

export type CompanyCreation = z.output<typeof creation>;
export type CompanyPatch = z.output<typeof patch>;
export type AccountFields = z.output<typeof accountFields>;
export type AccountPatch = z.output<typeof accountPatch>;

const listQuery = searchedOrSorted(
  z.strictObject({
    ...pageQuery,
    search: search.describe("The beginning of an id or a name, in any case"),
    sort: orderBy(["newest", "name"]).describe("The order of the whole list. Not together with `search`"),
  }),
  "newest",
);

const searchRights = [
  { actions: ["Query", "BatchGetItem"], leadingKeys: [companyPartitions.companies] },
  { actions: ["Query"], leadingKeys: [companyPartitions.companiesByName], index: "gsi1" },
] as const;

const lagText = "A search and a sorted list may lag behind a change by a moment.";

const companyPath = z.strictObject({ companyId: id("cmp_") });
const accountPath = companyPath.extend({ accountId: id("acc_") });
const partnerPath = z.strictObject({ partnerId: id("ptr_") });
const companyOfPartnerPath = partnerPath.extend({ companyId: id("cmp_") });
const eventRight = { actions: ["PutItem"], leadingKeys: [eventPartitions.events] } as const;
const byPartner = (scope: Scope) => ({ partner: { scope } });
const byAdministrator = { user: { roles: administrators } };

const accountBodyExample = { agency: "0001", accountNumber: "123456X", bankCode: "341" };
const companyAnswer = { body: companySchema, example: companyExample };
const companyPage = {
  status: 200,
  description: "A page of companies",
  body: pageOf(companySchema),
  example: { items: [companyExample], nextCursor: null },
} as const;
const accountAnswer = { body: accountSchema, example: accountExample };

export const operations = {
  create: operation({
    id: "companies.create",
    method: "POST",
    path: "/v1/companies",
    tag: "Companies",
    summary: "Create a company",
    description: "Creates a company of the calling partner, with or without bank accounts, all or nothing.",
    access: byPartner("companies:write"),
    request: {
      body: creation,
      bodyExample: {
        name: "Padaria Aurora",
        phone: "551130001234",
        declaredBilling: "1234567890.12",
        bankAccounts: [accountBodyExample],
      },
    },
    success: { status: 201, description: "The company", ...companyAnswer },
    problems: ["bank_unknown", "bank_account_exists"],
    idempotent: true,
    table: [
      { actions: ["PutItem"], leadingKeys: [companyPartitions.companies, eventPartitions.events] },
      { actions: ["ConditionCheckItem"], leadingKeys: [identityPartitions.creationLocks] },
      // For what is decided again.
      { actions: ["GetItem"], leadingKeys: [identityPartitions.principals] },
    ],
  }),

  listOfPartner: operation({
    id: "companies.list-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/companies",
    tag: "Companies",
    summary: "List a partner's companies",
    description:
      "Lists a partner's companies with their bank accounts for administrators, newest first or in the order that `sort` names; or " +
      `those that \`search\` finds. ${lagText}`,
    access: byAdministrator,
    request: { path: partnerPath, query: listQuery },
    success: companyPage,
    problems: ["cursor_invalid"],
    table: [{ actions: ["GetItem"], leadingKeys: [identityPartitions.principals] }, ...searchRights],
    secrets: ["cursorKey"],
  }),

  readOfPartner: operation({
    id: "companies.read-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/companies/{companyId}",
    tag: "Companies",
    summary: "Read a company of a partner",
    description: "Returns a company of a partner with its bank accounts, for administrators.",
    access: byAdministrator,
    request: { path: companyOfPartnerPath },
    success: { status: 200, description: "The company", ...companyAnswer },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [companyPartitions.companies] }],
  }),

  deleteOfPartner: operation({
    id: "companies.delete-of-partner",
    method: "DELETE",
    path: "/v1/partners/{partnerId}/companies/{companyId}",
    tag: "Companies",
    summary: "Delete a company of a partner",
    description: "Deletes a company of a partner with all its bank accounts, for administrators.",
    access: byAdministrator,
    request: { path: companyOfPartnerPath },
    success: { status: 204, description: "The company is deleted" },
    problems: [],
    conditional: true,
    sensitive: true,
    audited: true,
    table: [{ actions: ["GetItem", "DeleteItem"], leadingKeys: [companyPartitions.companies] }, eventRight],
  }),

  list: operation({
    id: "companies.list",
    method: "GET",
    path: "/v1/companies",
    tag: "Companies",
    summary: "List companies",
    description:
      "Lists the partner's companies with their bank accounts, newest first or in the order that `sort` names; or those that `search` " +
      `finds. ${lagText}`,
    access: byPartner("companies:read"),
    request: { query: listQuery },
    success: companyPage,
    problems: ["cursor_invalid"],
    table: searchRights,
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "companies.read",
    method: "GET",
    path: "/v1/companies/{companyId}",
    tag: "Companies",
    summary: "Read a company",
    description:
      "Returns a company with its bank accounts. A change of an account also changes the `etag` of the company.",
    access: byPartner("companies:read"),
    request: { path: companyPath },
    success: { status: 200, description: "The company", ...companyAnswer },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [companyPartitions.companies] }],
  }),

  change: operation({
    id: "companies.change",
    method: "PATCH",
    path: "/v1/companies/{companyId}",
    tag: "Companies",
    summary: "Change a company",
    description: "Changes the given fields (RFC 7396). Bank accounts have their own operations.",
    access: byPartner("companies:write"),
    request: { path: companyPath, body: patch, bodyExample: { declaredBilling: "5.00" } },
    success: {
      status: 200,
      description: "The changed company",
      body: companySchema,
      example: { ...companyExample, declaredBilling: "5.00", etag: '"2"' },
    },
    problems: [],
    conditional: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [companyPartitions.companies] }, eventRight],
  }),

  delete: operation({
    id: "companies.delete",
    method: "DELETE",
    path: "/v1/companies/{companyId}",
    tag: "Companies",
    summary: "Delete a company",
    description: "Deletes a company with all its bank accounts.",
    access: byPartner("companies:write"),
    request: { path: companyPath },
    success: { status: 204, description: "The company is deleted" },
    problems: [],
    conditional: true,
    table: [{ actions: ["GetItem", "DeleteItem"], leadingKeys: [companyPartitions.companies] }, eventRight],
  }),

  addAccount: operation({
    id: "companies.add-account",
    method: "POST",
    path: "/v1/companies/{companyId}/bank-accounts",
    tag: "Bank accounts",
    summary: "Add a bank account",
    description:
      `Adds a bank account to a company. A company has at most ${maxAccounts}, and no two with the same agency, number and bank. ` +
      "Digits and letters are compared exactly.",
    access: byPartner("companies:write"),
    request: { path: companyPath, body: accountFields, bodyExample: accountBodyExample },
    success: { status: 201, description: "The bank account", ...accountAnswer },
    problems: ["bank_unknown", "bank_account_exists", "limit_reached"],
    idempotent: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [companyPartitions.companies] }, eventRight],
  }),

  listAccounts: operation({
    id: "companies.list-accounts",
    method: "GET",
    path: "/v1/companies/{companyId}/bank-accounts",
    tag: "Bank accounts",
    summary: "List bank accounts",
    description: "Lists the bank accounts of a company, oldest first.",
    access: byPartner("companies:read"),
    request: { path: companyPath, query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of bank accounts",
      body: pageOf(accountSchema),
      example: { items: [accountExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [{ actions: ["GetItem"], leadingKeys: [companyPartitions.companies] }],
    secrets: ["cursorKey"],
  }),

  changeAccount: operation({
    id: "companies.change-account",
    method: "PATCH",
    path: "/v1/companies/{companyId}/bank-accounts/{accountId}",
    tag: "Bank accounts",
    summary: "Change a bank account",
    description: "Changes the given fields (RFC 7396). A different account can use the previous values at once.",
    access: byPartner("companies:write"),
    request: { path: accountPath, body: accountPatch, bodyExample: { agency: "0002" } },
    success: {
      status: 200,
      description: "The changed bank account",
      body: accountSchema,
      example: { ...accountExample, agency: "0002", etag: '"2"' },
    },
    problems: ["bank_unknown", "bank_account_exists"],
    conditional: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [companyPartitions.companies] }, eventRight],
  }),

  removeAccount: operation({
    id: "companies.remove-account",
    method: "DELETE",
    path: "/v1/companies/{companyId}/bank-accounts/{accountId}",
    tag: "Bank accounts",
    summary: "Remove a bank account",
    description: "Removes a bank account from its company.",
    access: byPartner("companies:write"),
    request: { path: accountPath },
    success: { status: 204, description: "The bank account is removed" },
    problems: [],
    conditional: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [companyPartitions.companies] }, eventRight],
  }),

  banks: operation({
    id: "companies.banks",
    method: "GET",
    path: "/v1/banks",
    tag: "Bank accounts",
    summary: "List banks",
    description: "Lists the banks that accounts may belong to, by code. `limit=100` returns all of them in one page.",
    access: "public",
    request: { query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of banks",
      body: pageOf(bankSchema),
      example: { items: [accountExample.bank], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    cacheControl: "public, max-age=3600",
    table: [],
    secrets: ["cursorKey"],
  }),
};
