/**
 * Injects the faults of production, in AWS's words, between the functions and their services. Rules say which calls fail, and
 * can change while the host runs.
 */
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { LocalHostError } from "../../infra/local/support/errors.ts";
import {
  ConnectionReset,
  errorAnswer,
  type Interceptor,
  type ServiceAnswer,
  type ServiceCall,
  type ServiceName,
} from "../../infra/local/services/service-proxy.ts";

/** Cancellation reasons of contention. */
export type ContentionReason = "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded";

/** What happens to a call. */
export type Fault =
  /** The service answers with the error and does nothing. */
  | { readonly kind: "error"; readonly code: ErrorCode }
  /** The service cancels a transaction: one item has the reason, the others `None`. */
  | {
      readonly kind: "cancelled";
      readonly reason: ContentionReason;
      /** Index of the item, from 0. Default: a random matching one. */
      readonly item?: number;
    }
  /** The call waits first. Further rules may match it. */
  | { readonly kind: "latency"; readonly milliseconds: number }
  /** The service does only the first item of a batch and asks for the rest again. */
  | { readonly kind: "partial" }
  /** The connection is cut; `done` says whether the service did the call first. */
  | { readonly kind: "reset"; readonly done: boolean }
  /** No answer comes until the caller gives up; `done` says whether the service did the call. */
  | { readonly kind: "silence"; readonly done: boolean }
  /** The function's busy processes are killed; `done` says whether the service did this call first. */
  | { readonly kind: "kill"; readonly done: boolean };

interface KnownError {
  readonly type: string;
  readonly status: number;
  readonly message: string;
  readonly possible: (call: Pick<ServiceCall, "service" | "action">) => boolean;
}

const onDynamoDb = ({ service }: Pick<ServiceCall, "service">): boolean => service === "dynamodb";
const onSecrets = ({ service }: Pick<ServiceCall, "service">): boolean => service === "secretsmanager";
const on =
  (...actions: readonly string[]) =>
  ({ action }: Pick<ServiceCall, "action">): boolean =>
    actions.includes(action);
const dynamoDb = "com.amazonaws.dynamodb.v20120810#";
const coral = "com.amazon.coral.availability#";

/** The errors that can be injected, each only for calls where AWS gives it. */
const knownErrors = {
  ProvisionedThroughputExceededException: {
    type: `${dynamoDb}ProvisionedThroughputExceededException`,
    status: 400,
    message:
      "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
    possible: onDynamoDb,
  },
  ThrottlingException: {
    type: `${coral}ThrottlingException`,
    status: 400,
    message: "Rate of requests exceeds the allowed throughput.",
    possible: () => true,
  },
  RequestLimitExceeded: {
    type: `${dynamoDb}RequestLimitExceeded`,
    status: 400,
    message:
      "Throughput exceeds the current throughput limit for your account. Please contact AWS Support at https://aws.amazon.com/support to request a limit increase",
    possible: onDynamoDb,
  },
  /** A single write conflicts with a transaction on its item. */
  TransactionConflictException: {
    type: `${dynamoDb}TransactionConflictException`,
    status: 400,
    message: "Transaction is ongoing for the item",
    possible: on("PutItem", "UpdateItem", "DeleteItem"),
  },
  /** The transaction with this client token is still running. */
  TransactionInProgressException: {
    type: `${dynamoDb}TransactionInProgressException`,
    status: 400,
    message: "The transaction with the given request token is already in progress.",
    possible: on("TransactWriteItems"),
  },
  InternalServerError: {
    type: `${dynamoDb}InternalServerError`,
    status: 500,
    message: "Internal server error",
    possible: onDynamoDb,
  },
  /** An internal error of Secrets Manager. */
  InternalServiceError: {
    type: "InternalServiceError",
    status: 500,
    message: "An error occurred on the server side.",
    possible: onSecrets,
  },
  ServiceUnavailable: {
    type: "ServiceUnavailable",
    status: 503,
    message: "The service cannot handle the request at the moment.",
    possible: () => true,
  },
} as const satisfies Readonly<Record<string, KnownError>>;

export type ErrorCode = keyof typeof knownErrors;

/** Which calls get a fault, and how often. Every given member must match. */
export interface FaultRule {
  readonly fault: Fault;
  /** Operation ids: `subscriptions.extend`, `authorizer`. */
  readonly functions?: readonly string[];
  readonly service?: ServiceName;
  /** AWS's names, also of the items in a transaction or batch (`PutItem`, `ConditionCheckItem`). */
  readonly actions?: readonly string[];
  /** Prefix of the partition key of an item of the call. */
  readonly keyPrefix?: string;
  /** Only the matching call of this number, from 1. */
  readonly nth?: number;
  /** Every matching call whose number is a multiple of this. */
  readonly every?: number;
  /** Share of the matching calls, 0 to 1, chosen by the seed. */
  readonly probability?: number;
  /** Maximum number of firings. */
  readonly limit?: number;
}

/** How many calls a rule matched, and how often it fired. */
export interface RuleCount {
  readonly rule: FaultRule;
  readonly matched: number;
  readonly fired: number;
}

export interface FaultOptions {
  /** 32 bits. The same seed and rules make the same choice for the nth call of an action by a function. Default: random. */
  readonly seed?: number;
  readonly rules?: readonly FaultRule[];
}

interface ActiveRule {
  readonly rule: FaultRule;
  matched: number;
  fired: number;
  /** One stream per function and action, so that concurrent calls of others do not change the choice. */
  readonly streams: Map<string, () => number>;
}

interface StruckCall {
  readonly call: ServiceCall;
  /** The items that the rule matches. */
  readonly parts: readonly Part[];
  readonly random: () => number;
  readonly next: () => Promise<ServiceAnswer>;
}

/** No function runs longer than this, so even silence can end. */
const maxSilenceMs = 30_000;

/** Injects faults into a host: pass its `intercept` with the host's interceptors. */
export class FaultInjector {
  #seed = 0;
  #rules: readonly ActiveRule[] = [];
  #kill: ((functionId: string) => void) | undefined;

  constructor({ seed = randomInt(2 ** 32), rules = [] }: FaultOptions = {}) {
    this.replace(rules, seed);
  }

  get seed(): number {
    return this.#seed;
  }

  /**
   * Sets the rules from now on, and starts counts and choices again.
   *
   * @throws LocalHostError for a rule that could never fire
   */
  replace(rules: readonly FaultRule[], seed: number = this.#seed): void {
    for (const rule of rules) validate(rule);
    this.#seed = seed >>> 0;
    this.#rules = rules.map((rule) => ({ rule, matched: 0, fired: 0, streams: new Map<string, () => number>() }));
  }

  /** Removes all rules. @returns the counts of the removed rules */
  clear(): readonly RuleCount[] {
    const { counts } = this;
    this.replace([]);
    return counts;
  }

  /** In the order of the rules. */
  get counts(): readonly RuleCount[] {
    return this.#rules.map(({ rule, matched, fired }) => ({ rule, matched, fired }));
  }

  /** Sets how the fault `kill` kills: `host.kill`. */
  killWith(kill: (functionId: string) => void): void {
    this.#kill = kill;
  }

  readonly intercept: Interceptor = async (call, next) => {
    if (this.#rules.length === 0) return await next();
    for (const active of this.#rules) {
      const { fault } = active.rule;
      const parts = matchingParts(active.rule, call);
      if (parts.length === 0 || !possible(fault, call)) continue;
      const random = this.#streamOf(active, call);
      if (!fires(active, random)) continue;
      if (fault.kind === "latency") await delay(fault.milliseconds);
      else return await this.#strike(fault, { call, parts, random, next });
    }
    return await next();
  };

  #streamOf({ rule, streams }: ActiveRule, { functionId, action }: ServiceCall): () => number {
    const name = `${nameOf(functionId)} ${action}`;
    const known = streams.get(name);
    if (known !== undefined) return known;
    const stream = mulberry32(hash(`${this.#seed} ${JSON.stringify(rule)} ${name}`));
    streams.set(name, stream);
    return stream;
  }

  async #strike(
    fault: Exclude<Fault, { readonly kind: "latency" }>,
    { call, parts, random, next }: StruckCall,
  ): Promise<ServiceAnswer> {
    if (fault.kind === "error") return knownErrorAnswer(fault.code, call.service);
    if (fault.kind === "partial") return partialAnswer(call, await next());
    if (fault.kind === "cancelled") {
      const drawn = parts[Math.floor(random() * parts.length)]?.index ?? 0;
      return cancelledAnswer(fault.reason, fault.item ?? drawn, partsOf(call).length);
    }
    if (fault.done) await next();
    if (fault.kind === "silence") await delay(maxSilenceMs, undefined, { ref: false });
    if (fault.kind === "kill") this.#kill?.(call.functionId);
    throw new ConnectionReset();
  }
}

function validate({ fault, nth, every, probability, limit }: FaultRule): void {
  const whole = [nth, every, limit].every((count) => count === undefined || (Number.isInteger(count) && count > 0));
  const share = probability === undefined || (probability >= 0 && probability <= 1);
  if (!whole) throw new LocalHostError(`a fault's nth, every and limit are whole numbers above 0 (${fault.kind})`);
  if (!share) throw new LocalHostError(`a fault's probability lies between 0 and 1 (${fault.kind})`);
}

function possible(fault: Fault, call: ServiceCall): boolean {
  if (fault.kind === "error") return knownErrors[fault.code].possible(call);
  if (fault.kind === "partial") return call.action in unprocessedMembers && partsOf(call).length > 1;
  if (fault.kind !== "cancelled") return true;
  return call.action === "TransactWriteItems" && (fault.item ?? 0) < partsOf(call).length;
}

/** Takes a random number for every matching call, so that a firing does not change later choices. */
function fires(active: ActiveRule, random: () => number): boolean {
  const { nth, every, probability, limit } = active.rule;
  const number = ++active.matched;
  const drawn = probability === undefined || random() < probability;
  const chosen = drawn && (nth === undefined || number === nth) && (every === undefined || number % every === 0);
  if (!chosen || (limit !== undefined && active.fired >= limit)) return false;
  active.fired++;
  return true;
}

/** An item of a call, with its action and partition key. A call without items is one part without a key. */
export interface Part {
  readonly index: number;
  readonly action: string;
  readonly key: string | undefined;
}

const itemActions: Readonly<Record<string, string>> = {
  Put: "PutItem",
  PutRequest: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  DeleteRequest: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
  Get: "GetItem",
};

/** The partition key of Portico's table. */
const partitionKey = "pk";

type Members = Readonly<Record<string, unknown>>;
const members = (value: unknown): Members => (typeof value === "object" && value !== null ? (value as Members) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined => {
  const { S } = members(value);
  return typeof S === "string" ? S : undefined;
};

/** The items of a call. */
export function partsOf({ action, body }: ServiceCall): readonly Part[] {
  const keyIn = (part: Members) => textOf(members(part["Key"] ?? part["Item"])[partitionKey]);
  if (action === "BatchGetItem") {
    const keys = Object.values(members(body["RequestItems"])).flatMap((table) => list(members(table)["Keys"]));
    return keys.map((key, index) => ({ index, action: "GetItem", key: textOf(members(key)[partitionKey]) }));
  }
  const nested = [...list(body["TransactItems"]), ...Object.values(members(body["RequestItems"])).flatMap(list)];
  if (nested.length > 0) {
    return nested.map((entry, index) => {
      const [kind = "", part] = Object.entries(members(entry))[0] ?? [];
      return { index, action: itemActions[kind] ?? kind, key: keyIn(members(part)) };
    });
  }
  // A query names its partition in one of its values. Its sort keys are values, too, but never begin like a partition key.
  const values = action === "Query" ? Object.values(members(body["ExpressionAttributeValues"])).map(textOf) : [];
  return values.length > 0
    ? values.map((key) => ({ index: 0, action, key }))
    : [{ index: 0, action, key: keyIn(body) }];
}

function matchingParts({ functions, service, actions, keyPrefix }: FaultRule, call: ServiceCall): readonly Part[] {
  if (service !== undefined && call.service !== service) return [];
  if (functions !== undefined && !functions.some((id) => isFunction(call.functionId, id))) return [];
  if (actions === undefined && keyPrefix === undefined) return partsOf(call);
  return partsOf(call).filter(
    ({ action, key }) =>
      (actions === undefined || actions.includes(call.action) || actions.includes(action)) &&
      (keyPrefix === undefined || key?.startsWith(keyPrefix) === true),
  );
}

const nameOf = (functionId: string): string => functionId.slice(functionId.lastIndexOf(":") + 1);

/** Functions are named after stage and operation: `Portico-local-subscriptions-extend`. */
function isFunction(functionId: string, operationId: string): boolean {
  return `-${nameOf(functionId)}`.endsWith(`-${operationId.replaceAll(".", "-")}`);
}

function knownErrorAnswer(code: ErrorCode, service: ServiceName): ServiceAnswer {
  const { type, status, message } = knownErrors[code];
  if (service === "dynamodb") return errorAnswer(type.includes("#") ? type : `${coral}${type}`, message, status);
  // Secrets Manager speaks AWS JSON 1.1 and names its errors without a namespace.
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: Buffer.from(JSON.stringify({ __type: type.replace(/^.*#/, ""), Message: message })),
  };
}

const contentionMessages: Readonly<Record<ContentionReason, string>> = {
  TransactionConflict: "Transaction is ongoing for the item",
  ThrottlingError: "Throughput exceeds the current capacity for one or more global secondary indexes.",
  ProvisionedThroughputExceeded:
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
};

/** The answer to a transaction that one of its items cancelled. @param at index of that item, from 0 */
export function cancelledAnswer(reason: ContentionReason, at: number, items: number): ServiceAnswer {
  const reasons = Array.from({ length: items }, (_, index) =>
    index === at ? { Code: reason, Message: contentionMessages[reason] } : { Code: "None" },
  );
  const codes = reasons.map(({ Code }) => Code).join(", ");
  return errorAnswer(
    "TransactionCanceledException",
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    400,
    { CancellationReasons: reasons },
  );
}

/** The member of a batch answer that names the rest. */
const unprocessedMembers: Readonly<Record<string, string>> = {
  BatchGetItem: "UnprocessedKeys",
  BatchWriteItem: "UnprocessedItems",
};

/**
 * The answer to a batch as if the service had done only the first item of each table. It has in fact written all items, which a
 * caller that repeats the rest cannot notice.
 */
function partialAnswer(
  { action, body }: ServiceCall,
  { status, headers, body: answered }: ServiceAnswer,
): ServiceAnswer {
  const answer = JSON.parse(answered.toString("utf8")) as Members;
  const requested = Object.entries(members(body["RequestItems"]));
  const rest = requested.map(([table, part]) => {
    if (action === "BatchWriteItem") return [table, list(part).slice(1)] as const;
    return [table, { ...members(part), Keys: list(members(part)["Keys"]).slice(1) }] as const;
  });
  const first = requested.map(([table, part]) => {
    const key = members(list(members(part)["Keys"])[0]);
    const isFirst = (item: unknown) =>
      Object.entries(key).every(([name, value]) => textOf(members(item)[name]) === textOf(value));
    return [table, list(members(answer["Responses"])[table]).filter(isFirst)] as const;
  });
  const made = {
    ...answer,
    ...(action === "BatchGetItem" && { Responses: Object.fromEntries(first) }),
    [unprocessedMembers[action] ?? ""]: Object.fromEntries(rest),
  };
  return {
    status,
    headers: { "content-type": headers["content-type"] ?? "" },
    body: Buffer.from(JSON.stringify(made)),
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** A stream of numbers in [0, 1) for a seed of 32 bits. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
