/** The calls of the load, and what each of them asks of the table. */
import { randomUUID } from "node:crypto";
import { marshall } from "@aws-sdk/util-dynamodb";
import { entryPointOf, type AnyOperation } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import type { Step } from "./record.ts";
import { startWorld, type Cast, type World } from "./world.ts";

/** A call of the load. */
interface PlannedCall {
  readonly id: string;
  /** Its share of all calls, in percent. */
  readonly share: number;
  readonly caller?: "partner" | "user";
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: (cast: Cast) => unknown;
  /** A call before it in the same process: what it caches is not counted. */
  readonly isWarmedBy?: "itself" | "the other user";
}

/** Names of external users; the calls below are recorded in this order, so that each finds what it needs. */
const [first, second] = ["customer-1", "customer-2"];
const creation = (externalUserId: string) => () => ({
  externalUserId,
  userEmail: "grace@example.com",
  // A month would have a different length in each month of the recording.
  duration: "P30D",
});

/** Partners sell and look up subscriptions; people look around, redeem and write. The shares add up to 100. */
const plan: readonly PlannedCall[] = [
  { id: "subscriptions.create", share: 12, caller: "partner", body: creation(first) },
  { id: "subscriptions.read", share: 38, caller: "partner", path: { externalUserId: first } },
  {
    id: "subscriptions.extend",
    share: 10,
    caller: "partner",
    path: { externalUserId: first },
    body: () => ({ duration: "P30D" }),
  },
  { id: "subscriptions.list", share: 4, caller: "partner", query: { status: "active" } },
  { id: "subscriptions.history", share: 2, caller: "partner", path: { externalUserId: first } },
  { id: "subscriptions.cancel", share: 2, caller: "partner", path: { externalUserId: first } },
  { id: "partners.self", share: 5, caller: "partner" },
  { id: "events.list", share: 5, caller: "partner" },
  { id: "usage.read", share: 1, caller: "partner" },
  { id: "users.self", share: 5, caller: "user" },
  { id: "coupons.redeem", share: 5, caller: "user", body: ({ code }) => ({ code }), isWarmedBy: "the other user" },
  { id: "threads.post", share: 2, caller: "user", body: () => ({ message: "Good morning" }) },
  { id: "threads.messages", share: 4, caller: "user" },
  { id: "oauth.keys", share: 1, isWarmedBy: "itself" },
  // The last one, because it ends the token of the calls before it.
  { id: "oauth.token", share: 4, body: tokenRequest },
];

function tokenRequest({ partnerId, clientSecret }: Cast): unknown {
  return { grant_type: "client_credentials", client_id: partnerId, client_secret: clientSecret };
}

/** What is recorded of a call. */
export interface RecordedCall {
  readonly id: string;
  readonly share: number;
  readonly caller: "partner" | "user" | undefined;
  /** The ids in its keys, by their roles. */
  readonly roles: Readonly<Record<string, string>>;
  /** When it began, in milliseconds of the epoch. */
  readonly at: number;
  readonly steps: readonly Step[];
}

export interface Recording {
  readonly calls: readonly RecordedCall[];
  /** What the authorizer asks for in each call of a partner, and what it asks for now and then. */
  readonly authorizer: { readonly always: readonly Step[]; readonly renewing: readonly Step[] };
  /** What counts an event of a subscription, once the table's stream has brought it. */
  readonly counting: readonly Step[];
  readonly roles: Readonly<Record<string, string>>;
  readonly at: number;
}

type Handler = (event: unknown, context: unknown) => Promise<{ readonly statusCode?: number; readonly body?: string }>;

/** @param assembly of the stage `local` @throws Error for a call that is not answered with success */
export async function recordCalls(assembly: string): Promise<Recording> {
  const world = await startWorld(assembly);
  try {
    const at = Date.now();
    const authorizer = await recordAuthorizer(world);
    await callOperation(world, { id: "subscriptions.create", share: 0, caller: "partner", body: creation(second) });
    const calls: RecordedCall[] = [];
    for (const planned of plan) calls.push(await recordCall(world, planned));
    const counting = await recordCounting(world, calls);
    return { calls, authorizer, counting, roles: rolesOf(world.cast, "none"), at };
  } finally {
    await world.close();
  }
}

async function recordCall(world: World, planned: PlannedCall): Promise<RecordedCall> {
  const { id, share, caller, isWarmedBy } = planned;
  if (isWarmedBy !== undefined) await callOperation(world, planned, isWarmedBy === "the other user" ? 0 : 1);
  const at = Date.now();
  const idempotencyKey = randomUUID();
  const steps = await world.recorder.record(() => callOperation(world, planned, 1, idempotencyKey));
  return { id, share, caller, roles: rolesOf(world.cast, idempotencyKey), at, steps };
}

function rolesOf({ partnerId, userIds, couponId, codeHash, threadId }: Cast, idempotencyKey: string) {
  return { partnerId, userId: userIds[1], couponId, codeHash, threadId, idempotencyKey, externalUserId: first };
}

async function recordCounting(world: World, calls: readonly RecordedCall[]): Promise<readonly Step[]> {
  const accesses = calls.flatMap(({ steps }) => steps.flat()).flatMap((call) => call.accesses);
  const written = accesses.find(({ pk, kind }) => kind === "write" && pk.startsWith("EVENTS#"));
  const item = written && (await world.read(written));
  if (item === undefined) throw new Error("no call has written an event");
  const handler = await handlerOf("usage-count");
  const event = { Records: [{ dynamodb: { NewImage: marshall(item), SequenceNumber: "1" } }] };
  return await world.recorder.record(() => silently(() => handler(event, context())));
}

/** A process that serves few calls takes small leases at first. */
const maxLeases = 10;

async function recordAuthorizer(world: World): Promise<Recording["authorizer"]> {
  const token = await world.tokenOf("partner", "");
  const handler = await handlerOf("authorizer");
  const path = "/v1/partners/me";
  const event = {
    type: "REQUEST",
    methodArn: `arn:aws:execute-api:us-east-1:000000000000:api/local/GET${path}`,
    resource: path,
    ...requestParts({ method: "GET", path, headers: { authorization: `Bearer ${token}` } }),
  };
  const call = () => silently(() => handler(event, context()));
  const renewing = await world.recorder.record(call);
  // Most calls find a lease in the process, and counted the usage less than five seconds ago.
  for (let calls = 0; calls < maxLeases; calls++) {
    const always = await world.recorder.record(call);
    if (always.flat().every(({ kind }) => kind === "read")) return { renewing, always };
  }
  throw new Error("every call of the authorizer writes");
}

/** @param user index of the calling user */
async function callOperation(
  world: World,
  planned: PlannedCall,
  user = 1,
  idempotencyKey = randomUUID(),
): Promise<void> {
  const operation = operations.find(({ id }) => id === planned.id);
  if (operation === undefined) throw new Error(`there is no operation ${planned.id}`);
  const handler = await handlerOf(entryPointOf(operation));
  const event = eventOf(world.cast, { planned, operation, user, idempotencyKey });
  const answer = await silently(() => handler(event, context()));
  if ((answer.statusCode ?? 500) >= 300) throw new Error(`${planned.id} answers ${answer.statusCode}: ${answer.body}`);
}

interface CallDetails {
  readonly planned: PlannedCall;
  readonly operation: AnyOperation;
  readonly user: number;
  readonly idempotencyKey: string;
}

function eventOf(cast: Cast, { planned, operation, user, idempotencyKey }: CallDetails): unknown {
  const { caller, query = {}, body } = planned;
  const pathParameters = operation.path.includes("{threadId}") ? { threadId: cast.threadId } : (planned.path ?? {});
  const content = body?.(cast);
  const isForm = operation.request.bodyType === "form";
  const headers = {
    accept: "application/json",
    ...(content !== undefined && { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" }),
    ...(operation.idempotent === true && { "idempotency-key": idempotencyKey }),
  };
  const id = caller === "partner" ? cast.partnerId : cast.userIds[user];
  const granted = operation.access === "public" ? "" : (operation.access.partner?.scope ?? "");
  const sessionId = caller === "user" ? "ses_00000000000000000000000000" : "";
  const role = caller === "user" ? "user" : "";
  const authorizer = caller && { kind: caller, id, tokenId: randomUUID(), scope: granted, role, sessionId };
  return {
    ...requestParts({ method: operation.method, path: operation.path, headers, authorizer }),
    resource: operation.path,
    pathParameters,
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    queryStringParameters: query,
    body:
      content === undefined
        ? null
        : isForm
          ? new URLSearchParams(content as never).toString()
          : JSON.stringify(content),
    isBase64Encoded: false,
  };
}

interface RequestParts {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorizer?: object | undefined;
}

function requestParts({ method, path, headers, authorizer }: RequestParts) {
  return {
    httpMethod: method,
    path,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    requestContext: { requestId: randomUUID(), identity: { sourceIp: "192.0.2.1" }, ...(authorizer && { authorizer }) },
  };
}

/** Loads a function by its name, as Lambda does, once the environment of this process is that of a function. */
async function handlerOf(entryPoint: string): Promise<Handler> {
  const { random } = Math;
  // What a process chooses when it loads is the same in every recording.
  Math.random = () => 0;
  try {
    const module = (await import(`../../../functions/${entryPoint}.ts`)) as { readonly handler: Handler };
    return module.handler;
  } finally {
    Math.random = random;
  }
}

/** Functions log each call. */
async function silently<Result>(work: () => Promise<Result>): Promise<Result> {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
}

const secondsLeft = 25;

function context(): unknown {
  const end = Date.now() + secondsLeft * 1000;
  return { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => end - Date.now() };
}
