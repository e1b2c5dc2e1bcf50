/**
 * How an operation is declared.
 *
 * One declaration per operation is the only place that names its method, path, rights, schemas, answers, table rights and
 * secrets. The API Gateway method, the Lambda function and its role, validation, the OpenAPI document and the tests that
 * hold for every operation are all made from it.
 */
import type * as z from "zod";
import type { Role, Scope } from "../domain/access.ts";
import { tableKeys } from "../runtime/key.ts";
import type { OAuthErrorCode } from "./oauth-error.ts";
import type { ProblemCode } from "../domain/problems.ts";
import type { SecretName } from "../runtime/environment.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call: anyone, or one of the named audiences. A partner must hold the scope where one is named; a user must have
 * one of the roles.
 */
export type Access =
  | "public"
  | {
      readonly partner?: { readonly scope?: Scope };
      readonly user?: { readonly roles: readonly Role[] };
    };

/** IAM's names of the item-level DynamoDB actions; a transaction needs those of its items, none of its own. */
export type TableAction =
  | "GetItem"
  | "BatchGetItem"
  | "Query"
  | "PutItem"
  | "UpdateItem"
  | "DeleteItem"
  | "ConditionCheckItem"
  | "BatchWriteItem";

/** What an operation may do to items whose partition key matches one of the patterns (`*` stands for any characters). */
export interface TableRight {
  readonly actions: readonly TableAction[];
  readonly leadingKeys: readonly string[];
  /** The index that is read instead of the table itself. */
  readonly index?: string;
}

/** The answer of success. */
export interface SuccessDeclaration<Body> {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  readonly body?: z.ZodType<Body>;
  /** Media types of the pages or files that it answers with: besides JSON where there is a `body`, else alone. */
  readonly mediaTypes?: readonly string[];
  /** A value that satisfies `body`, shown in the docs and checked by a test. */
  readonly example?: unknown;
  /** Top-level members that carry a secret or a token: a replayed answer lacks them. */
  readonly secretMembers?: readonly string[];
}

/** The schemas of what a caller sends; each is a strict object, so that an unknown member is refused. */
export interface RequestDeclaration<Path, Query, Body> {
  readonly path?: z.ZodType<Path>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Default `json`. */
  readonly bodyType?: "json" | "form";
  /** The body may be left out altogether, which then stands for `{}`. */
  readonly bodyOptional?: boolean;
  readonly bodyExample?: unknown;
}

export interface Operation<Path = unknown, Query = unknown, Body = unknown, Answer = unknown> {
  /** `<area>.<operation>`: its door is `functions/<area>/<operation>.ts`. */
  readonly id: `${string}.${string}`;
  readonly method: Method;
  readonly path: `/${string}`;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly access: Access;
  readonly request: RequestDeclaration<Path, Query, Body>;
  readonly success: SuccessDeclaration<Answer>;
  /** The codes that are this operation's own; those that every operation of its kind may give are added by `problemsOf`. */
  readonly problems: readonly ProblemCode[];
  /** Errors as RFC 9457 problems, or as OAuth's `{"error", "error_description"}` (RFC 6749 §5.2). Default `problem`. */
  readonly errorFormat?: "problem" | "oauth";
  /** The errors of OAuth that are this operation's own; `invalid_client` has the status 401, the others 400. */
  readonly oauthErrors?: readonly OAuthErrorCode[];
  /** `Idempotency-Key` is honoured. */
  readonly idempotent?: boolean;
  /**
   * A repetition is looked for before the operation runs, not only when it commits: where running it again costs the caller
   * something, as a guess of its password does.
   */
  readonly replaysFirst?: boolean;
  /** `If-Match` is honoured. */
  readonly conditional?: boolean;
  /** `cache-control` of the answer. Default `no-store`. */
  readonly cacheControl?: string;
  readonly table: readonly TableRight[];
  readonly secrets?: readonly SecretName[];
  /**
   * Text files for browsers that are deployed beside the function: name → source, from the project's root. TypeScript and CSS
   * of our own are bundled; anything else is copied. Each is served under a name that changes with its content.
   */
  readonly files?: Readonly<Record<string, string>>;
  /** The id of the operation whose files this one's page refers to: it is told the names that they are served under. */
  readonly filesOf?: AnyOperation["id"];
  /** Memory of the function in MB. Default 512. */
  readonly memoryMegabytes?: number;
  /** Time limit of the function in seconds, at most 29 (API Gateway's own). Default 10. */
  readonly timeoutSeconds?: number;
}

/** An operation that needs nothing of AWS's: `serveStateless` serves it. */
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

/** An idempotency record is written with the effect, whatever that is. */
const idempotencyRight: TableRight = { actions: ["PutItem"], leadingKeys: [tableKeys.idempotency] };

const lookedUpIdempotencyRight: TableRight = { ...idempotencyRight, actions: ["GetItem", "PutItem"] };

/**
 * Declares an operation: fixes the types, and adds the right to what `idempotent` needs.
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
  if (declaration.idempotent !== true) return declaration;
  const right = declaration.replaysFirst === true ? lookedUpIdempotencyRight : idempotencyRight;
  return { ...declaration, table: [...declaration.table, right] };
}

/** The folder and file of an operation's door below `functions/` and `dist/functions/`, without ending: `partners/register`. */
export function entryPointOf(declared: { readonly id: string }): string {
  return declared.id.replace(".", "/");
}
