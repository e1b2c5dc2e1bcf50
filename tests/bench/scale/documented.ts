/** The families of keys that `docs/table.md` lists, and those that the load does not reach. */
import type { Recording } from "./calls.ts";
import { families, templateOf } from "./families.ts";
import type { Step } from "./record.ts";

/** `table EVENTS#`, `gsi2 EXPIRY#`. */
export type FamilyName = string;

const columns = { pk: "table", gsi1pk: "gsi1", gsi2pk: "gsi2" } as const;

/** @param text of `docs/table.md` */
export function documentedFamilies(text: string): ReadonlySet<FamilyName> {
  const found = new Set<FamilyName>();
  let column: { readonly at: number; readonly place: string } | undefined;
  for (const line of text.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const names = Object.keys(columns) as (keyof typeof columns)[];
    const head = names.find((name) => cells.includes(`\`${name}\``));
    if (head !== undefined) column = { at: cells.indexOf(`\`${head}\``), place: columns[head] };
    else if (!line.startsWith("|")) column = undefined;
    const [, prefix] =
      /^`([^`<]+)/.exec(column === undefined || head !== undefined ? "" : (cells[column.at] ?? "")) ?? [];
    if (column !== undefined && prefix !== undefined) found.add(`${column.place} ${prefix}`);
  }
  return found;
}

/** The families that the recorded calls reach. */
export function reachedFamilies({ calls, authorizer, counting, roles }: Recording): ReadonlySet<FamilyName> {
  const nameOf = (ids: Recording["roles"]) => (step: Step) =>
    step.flatMap(({ accesses }) => accesses.map((access) => templateOf(access, ids).family));
  const all = [
    ...calls.flatMap((call) => call.steps.flatMap(nameOf(call.roles))),
    ...[...authorizer.always, ...authorizer.renewing, ...counting].flatMap(nameOf(roles)),
  ];
  return new Set(all.map(({ place, name }) => `${place} ${name}`));
}

/** Every family that the simulation could make keys of. */
export const knownFamilies: ReadonlySet<FamilyName> = new Set(families.map(({ place, name }) => `${place} ${name}`));

const administrators = "administrators alone use it";
const people = "signing in and passwords are limited by their hashing, long before the table";
const background = "a function that AWS invokes uses it, at its own pace";
const webhooks = "deliveries wait in a queue of their own, at the pace of the endpoints";
const listed = "only lists and searches of administrators read it";

/** Families that the load does not reach, with the reason. */
export const unreachedFamilies: Readonly<Record<FamilyName, string>> = {
  "table SESSIONS#": people,
  "table PASSWORD-LINK#": people,
  "table EXTERNAL-SUBJECT#": people,
  "table EXCHANGED-TOKEN#": people,
  "table USERNAME#": people,
  "table USED-PROOF#": "the load has bearer tokens; a proof is one more item, which no other call writes",
  "table PARTNER-EMAIL#": administrators,
  "table COMPANIES#": "companies are few and change rarely",
  "table EXPIRY-POSITION": background,
  "table LEDGER-CHECK": background,
  "table MIGRATION#": background,
  "table HEALTH": "monitors ask for it, a few times a minute",
  "table WEBHOOK-ENDPOINTS#": webhooks,
  "table WEBHOOK-COUNT#": webhooks,
  "table WEBHOOK-SECRETS#": webhooks,
  "table WEBHOOK-HEALTH#": webhooks,
  "table WEBHOOK-DELIVERIES#": webhooks,
  "table WEBHOOK-REDELIVERIES#": webhooks,
  "table USERS": administrators,
  "table DELETED-USERS": administrators,
  "table COUPONS": "a process remembers the coupon of a code for ten seconds",
  "table COUPON-CODE#": "a process remembers the coupon of a code for ten seconds",
  "table THREADS-OF#": "threads are created once and posted to often",
  "table AUDIT#": administrators,
  "gsi1 COUPONS#ACTIVE": administrators,
  "gsi1 THREADS-OF#": "threads are created once and posted to often",
  "gsi1 USERS#BY-USERNAME": listed,
  "gsi1 USERS#BY-NAME": listed,
  "gsi1 PARTNERS#BY-NAME": listed,
  "gsi1 PARTNERS#BY-EMAIL": listed,
  "gsi1 COMPANIES-BY-NAME#": "companies are few and change rarely",
  "gsi2 COUPONS#BY-NAME": listed,
  "gsi1 AUDIT-TARGET#": administrators,
  "gsi2 AUDIT-ACTOR#": administrators,
};
