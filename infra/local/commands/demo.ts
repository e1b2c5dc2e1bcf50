/**
 * `npm run demo`: a partner's day against the local host, each call and answer shown. Uses the host that runs, or starts one
 * in memory. Ends with status 1 when an answer is not what the contract says.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalHostError } from "../support/errors.ts";
import { startHost } from "../host.ts";
import { readState } from "../support/state.ts";
import { projectRoot, synthesise } from "./synthesise.ts";

interface SignIn {
  readonly username: string;
  readonly password: string;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Call {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly json?: object;
  readonly form?: Readonly<Record<string, string>>;
  /** The status that the contract promises. */
  readonly status: number;
  /** The problem code that it promises, of a refusal. */
  readonly code?: string;
}

/** An answer that is not what the contract says. */
class Contradiction extends Error {}

const secretMember = /token$|secret|password/i;

/** A value to show: what is secret is cut short. */
function shortened(value: unknown, name = ""): unknown {
  if (typeof value === "string") return secretMember.test(name) && value.length > 12 ? `${value.slice(0, 8)}…` : value;
  if (Array.isArray(value)) return value.map((item) => shortened(item, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, item]) => [member, shortened(item, member)]));
}

function text(answer: Answer, member: string): string {
  const value = answer.body[member];
  if (typeof value !== "string") throw new Contradiction(`the answer lacks ${member}`);
  return value;
}

let step = 0;

async function call(url: string, { what, method, path, token, json, form, status, code }: Call): Promise<Answer> {
  console.log(`\n${++step}. ${what}`);
  const sent = json ?? form;
  console.log(`   ${method} ${path}${sent === undefined ? "" : ` ${JSON.stringify(shortened(sent))}`}`);
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { "content-type": "application/json" }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(form !== undefined && { body: new URLSearchParams(form) }),
  });
  const read = await response.text();
  const body = (read === "" ? {} : JSON.parse(read)) as Answer["body"];
  const shown = JSON.stringify(shortened(body), undefined, 2).replaceAll("\n", "\n   ");
  console.log(`   → ${response.status} ${read === "" ? "" : shown}`);
  if (response.status !== status) throw new Contradiction(`the contract says ${status}`);
  if (code !== undefined && body["code"] !== code) throw new Contradiction(`the contract says ${code}`);
  return { status: response.status, body };
}

function expect(holds: boolean, promise: string): void {
  if (!holds) throw new Contradiction(`the contract says: ${promise}`);
}

async function partnersDay(url: string, root: SignIn): Promise<void> {
  const unique = randomBytes(4).toString("hex");
  const signedIn = await call(url, {
    what: "The root user signs in.",
    method: "POST",
    path: "/v1/auth/login",
    json: root,
    status: 200,
  });
  const admin = text(signedIn, "accessToken");

  const register = (name: string): Promise<Answer> =>
    call(url, {
      what: `An administrator registers the partner ${name}; its secret is shown this once.`,
      method: "POST",
      path: "/v1/partners",
      token: admin,
      json: { name, websiteUrl: "https://partner.example", email: `${name.toLowerCase()}-${unique}@partner.example` },
      status: 201,
    });
  const tokenOf = async (partner: Answer, what: string): Promise<string> => {
    const form = {
      grant_type: "client_credentials",
      client_id: text(partner, "clientId"),
      client_secret: text(partner, "clientSecret"),
    };
    return text(await call(url, { what, method: "POST", path: "/oauth/token", form, status: 200 }), "access_token");
  };
  const partner = await register("Acme");
  const token = await tokenOf(partner, "The partner gets an access token (OAuth client credentials).");

  const subscription = "/v1/subscriptions/user-1";
  const json = { externalUserId: "user-1", userEmail: "reader@partner.example", duration: "P1M" };
  const created = await call(url, {
    what: "It sells a month.",
    method: "POST",
    path: "/v1/subscriptions",
    token,
    json,
    status: 201,
  });
  const extended = await call(url, {
    what: "Its user extends by a year.",
    method: "PUT",
    path: subscription,
    token,
    json: { duration: "P1Y" },
    status: 200,
  });
  expect(text(extended, "expiresAt") > text(created, "expiresAt"), "extending never shortens");

  const read = await call(url, {
    what: "It reads the subscription.",
    method: "GET",
    path: subscription,
    token,
    status: 200,
  });
  expect(text(read, "expiresAt") === text(extended, "expiresAt"), "a read shows the last write");
  const history = await call(url, {
    what: "And its history, oldest first.",
    method: "GET",
    path: `${subscription}/history`,
    token,
    status: 200,
  });
  const types = (history.body["items"] as readonly { readonly type?: string }[] | undefined)
    ?.map(({ type }) => type)
    .join();
  expect(types === "created,extended", "the history holds every change, oldest first");

  const company = await call(url, {
    what: "It keeps a client company with a bank account; money is exact to the cent.",
    method: "POST",
    path: "/v1/companies",
    token,
    json: {
      name: "Padaria Aurora",
      phone: "551130001234",
      declaredBilling: "1234567890.1",
      bankAccounts: [{ agency: "0001", accountNumber: "12345X", bankCode: "341" }],
    },
    status: 201,
  });
  expect(text(company, "declaredBilling") === "1234567890.10", "money is shown with two places");
  const accounts = `/v1/companies/${text(company, "id")}/bank-accounts`;
  const account = { agency: "0001", accountNumber: "777", bankCode: "001" };
  await call(url, {
    what: "It adds another account.",
    method: "POST",
    path: accounts,
    token,
    json: account,
    status: 201,
  });
  await call(url, {
    what: "The same account a second time is refused.",
    method: "POST",
    path: accounts,
    token,
    json: account,
    status: 409,
    code: "bank_account_exists",
  });

  const renewed = await tokenOf(partner, "The partner gets a new token: the old one stops at once.");
  await call(url, {
    what: "The old token is refused.",
    method: "GET",
    path: subscription,
    token,
    status: 401,
    code: "token_revoked",
  });
  await call(url, { what: "The new one works.", method: "GET", path: subscription, token: renewed, status: 200 });

  const other = await tokenOf(await register("Globex"), "Another partner gets a token.");
  await call(url, {
    what: "It finds nothing of the first one's.",
    method: "GET",
    path: subscription,
    token: other,
    status: 404,
    code: "not_found",
  });
}

async function main(): Promise<void> {
  const running = readState(join(projectRoot, ".portico"));
  if (running?.root !== undefined) {
    console.log(`Against the local host at ${running.url}`);
    return partnersDay(running.url, running.root);
  }
  console.log("No local host runs; starting one in memory.");
  const folder = await mkdtemp(join(tmpdir(), "portico-demo-"));
  try {
    await synthesise(folder);
    const engineEndpoint = process.env["DYNAMODB_ENDPOINT"];
    const host = await startHost({
      assembly: folder,
      report: (line) => console.error(line),
      ...(engineEndpoint && { engineEndpoint }),
    });
    try {
      if (host.rootSignIn === undefined) throw new LocalHostError("the template makes no root user");
      await partnersDay(host.url, host.rootSignIn);
    } finally {
      await host.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main().then(
  () => console.log("\nEvery answer is what the contract says."),
  (error: unknown) => {
    const oneLine = error instanceof Contradiction || error instanceof LocalHostError;
    console.error(oneLine ? `\nportico: ${error.message}` : error);
    process.exitCode = 1;
  },
);
