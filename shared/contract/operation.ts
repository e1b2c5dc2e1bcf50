/**
 * How an operation is declared.
 *
 * One declaration per operation is the only place for its method, path, rights, schemas, answers, table rights and secrets.
 * The API Gateway method, the Lambda function and its role, the validation, the OpenAPI document and the tests that hold for
 * every operation are derived from it.
 */
import type * as z from "zod";
import type { RequiredAction, Role, Scope } from "../domain/access.ts";
import { auditRecordPartitions } from "./audit-partitions.ts";
import { idempotencyPartitions } from "./idempotency-record.ts";
import type { OAuthErrorCode } from "./oauth-error.ts";
import { principalPartitions } from "./principal-key.ts";
import type { ProblemCode } from "../domain/problems.ts";
import type { SecretName } from "../runtime/environment.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call: anyone, or the named audiences. A partner needs the scope if one is named; a user needs one of the roles.
 */
export type Access =
  | "public"
  | {
      readonly partner?: { readonly scope?: Scope };
      readonly user?: { readonly roles: readonly Role[] };
    };

/** IAM's names of the DynamoDB actions on items. A transaction needs the actions of its items and none of its own. */
export type TableAction =
  | "GetItem"
  | "BatchGetItem"
  | "Query"
  | "PutItem"
  | "UpdateItem"
  | "DeleteItem"
  | "ConditionCheckItem"
  | "BatchWriteItem";

/** The actions that an operation may do on items whose partition key matches a pattern (`*` stands for any characters). */
export interface TableRight {
  readonly actions: readonly TableAction[];
  readonly leadingKeys: readonly string[];
  /** The index that is read instead of the table. */
  readonly index?: string;
  /**
   * The attributes that `UpdateItem` may name, in its update and its condition; the keys are added. Without it, it may name any.
   * It does not restrict the other actions.
   */
  readonly attributes?: readonly string[];
}

/** The answer of a successful call. */
export interface SuccessDeclaration<Body> {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  readonly body?: z.ZodType<Body>;
  /** Media types of the pages or files in the answer: besides JSON if there is a `body`, otherwise alone. */
  readonly mediaTypes?: readonly string[];
  /** A value that satisfies `body`, shown in the docs and checked by a test. */
  readonly example?: unknown;
  /** Top-level members that carry a secret or a token. A replayed answer lacks them. */
  readonly secretMembers?: readonly string[];
}

/** The schemas of the request. Each is a strict object, so that an unknown member is refused. */
export interface RequestDeclaration<Path, Query, Body> {
  readonly path?: z.ZodType<Path>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Default `json`. */
  readonly bodyType?: "json" | "form";
  /** The body may be absent, which means `{}`. */
  readonly bodyOptional?: boolean;
  /** The body as the contract shows it, where the server is more lenient so that it can answer with its own error format. */
  readonly shownBody?: z.ZodType;
  readonly bodyExample?: unknown;
}

export interface Operation<Path = unknown, Query = unknown, Body = unknown, Answer = unknown> {
  /** `<area>.<operation>`: its function is `functions/<area>/<operation>.ts`. */
  readonly id: `${string}.${string}`;
  readonly method: Method;
  readonly path: `/${string}`;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly access: Access;
  /** The required actions that do not keep a person from this operation: it fulfils them, or ends the session. */
  readonly allowedBefore?: readonly RequiredAction[];
  readonly request: RequestDeclaration<Path, Query, Body>;
  readonly success: SuccessDeclaration<Answer>;
  /** The problem codes of this operation. `problemsOf` adds the codes that all operations of its kind share. */
  readonly problems: readonly ProblemCode[];
  /** Errors as RFC 9457 problems, or as OAuth's `{"error", "error_description"}` (RFC 6749 §5.2). Default `problem`. */
  readonly errorFormat?: "problem" | "oauth";
  /** The OAuth errors of this operation: `invalid_client` with status 401, the others with 400. */
  readonly oauthErrors?: readonly OAuthErrorCode[];
  /** `Idempotency-Key` is honoured. */
  readonly idempotent?: boolean;
  /**
   * Looks for the recorded answer before the operation runs, not only when it commits. For operations in which a
   * repetition costs the caller something, such as one of the limited password attempts.
   */
  readonly replaysFirst?: boolean;
  /** Takes effect only while the caller is active and keeps its role: see `whileCallerUnchanged`. */
  readonly sensitive?: boolean;
  /** Its changes are in the audit trail: an outcome with a change has to say what it audits. */
  readonly audited?: boolean;
  /** A public operation that honours client authentication with HTTP Basic (RFC 6749 §2.3.1). */
  readonly acceptsClient?: boolean;
  /** A public operation that honours the header `DPoP`; protected ones all do. */
  readonly acceptsProof?: boolean;
  /** `If-Match` is honoured. */
  readonly conditional?: boolean;
  /** Goes on while the stage is read-only, although it writes: callers need tokens to read, and a cut-off ends them all. */
  readonly servedWhenReadOnly?: boolean;
  /** `cache-control` of the answer. Default `no-store`. */
  readonly cacheControl?: string;
  readonly table: readonly TableRight[];
  readonly secrets?: readonly SecretName[];
  /**
   * Text files for browsers that are deployed beside the function: name → source, from the project's root. Our own TypeScript
   * and CSS are bundled; `generated:<name>` is made by the build; other files are copied. The name of a served file changes with
   * its content.
   */
  readonly files?: Readonly<Record<string, string>>;
  /** The id of the operation that serves the files of this one's page. */
  readonly filesOf?: AnyOperation["id"];
  /** The names of the pages of the docs that the build renders beside the function. */
  readonly pages?: readonly string[];
  /** Memory of the function in MB. Default 512. */
  readonly memoryMegabytes?: number;
  /**
   * The maximum number of invocations at once in production, reserved for the function: for one that anyone may call and that
   * costs so much that it could take the account's concurrency from all others.
   */
  readonly reservedConcurrency?: number;
  /** Time limit of the function in seconds, at most 29 (API Gateway's own). Default 10. */
  readonly timeoutSeconds?: number;
}

/** An operation without table, secrets and idempotency: `serveStateless` serves it. */
export interface StatelessOperation<
  Path = unknown,
  Query = unknown,
  Body = unknown,
  Answer = unknown,
> extends Operation<Path, Query, Body, Answer> {
  readonly table: readonly [];
  readonly secrets?: never;
  readonly idempotent?: never;
}

/** Any operation, whatever its types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a list of operations of different types
export type AnyOperation = Operation<any, any, any, any>;

/** Every idempotent operation writes its record together with its effect. */
const idempotencyRight: TableRight = { actions: ["PutItem"], leadingKeys: [idempotencyPartitions] };

const lookedUpIdempotencyRight: TableRight = { ...idempotencyRight, actions: ["GetItem", "PutItem"] };

/** Every sensitive operation checks the caller's state together with its effect. */
const callerCheckRight: TableRight = { actions: ["ConditionCheckItem"], leadingKeys: [principalPartitions] };

/** Every audited operation writes its record together with its effect. Nothing may read, change or delete it here. */
const auditRight: TableRight = { actions: ["PutItem"], leadingKeys: [auditRecordPartitions] };

/**
 * Declares an operation: infers its types and adds the table rights that `idempotent`, `sensitive` and `audited` need.
 *
 * @example
 * export const readPartner = operation({ id: "partners.read", method: "GET", path: "/v1/partners/{partnerId}", … });
 */
export function operation<
  Path = Record<string, never>,
  Query = Record<string, never>,
  Body = undefined,
  Answer = undefined,
>(declaration: StatelessOperation<Path, Query, Body, Answer>): StatelessOperation<Path, Query, Body, Answer>;
export function operation<
  Path = Record<string, never>,
  Query = Record<string, never>,
  Body = undefined,
  Answer = undefined,
>(declaration: Operation<Path, Query, Body, Answer>): Operation<Path, Query, Body, Answer>;
export function operation(declaration: Operation): Operation {
  const recordRight = declaration.replaysFirst === true ? lookedUpIdempotencyRight : idempotencyRight;
  const rights = [
    ...(declaration.idempotent === true ? [recordRight] : []),
    ...(declaration.sensitive === true ? [callerCheckRight] : []),
    ...(declaration.audited === true ? [auditRight] : []),
  ];
  if (rights.length === 0) return declaration;
  const { secrets = [] } = declaration;
  return {
    ...declaration,
    table: [...declaration.table, ...rights],
    ...(needsKeyedFingerprint(declaration) && { secrets: [...new Set<SecretName>([...secrets, fingerprintSecret])] }),
  };
}

/** The secret that the key of fingerprints is derived from. */
export const fingerprintSecret = "cursorKey" satisfies SecretName;

/** Members that people choose: a fingerprint without a key would tell a guess from the truth. */
const guessableMembers: readonly string[] = ["code", "currentPassword", "newPassword", "password", "secret"];

/** Whether the idempotency record of an operation would help to guess a password, a secret or a code. */
export function needsKeyedFingerprint({ idempotent, request }: AnyOperation): boolean {
  const { shape = {} } = (request.body ?? {}) as { readonly shape?: object };
  return idempotent === true && Object.keys(shape).some((name) => guessableMembers.includes(name));
}

/** Whether the operation is refused while the stage is read-only. */
export function stopsWhenReadOnly({ method, servedWhenReadOnly }: AnyOperation): boolean {
  return method !== "GET" && servedWhenReadOnly !== true;
}

/** The path of a function below `functions/` and `dist/functions/`, without extension: `partners/register`. */
export function entryPointOf(declared: { readonly id: string }): string {
  return declared.id.replace(".", "/");
}
