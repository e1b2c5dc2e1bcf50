/**
 * Compares every response with the declaration of its operation. It uses `node:assert`, because a run has tens of thousands of
 * responses and Jest's `expect` costs as much as the call itself. Test files reach it by `outside.ts`.
 */
import assert from "node:assert/strict";
import * as z from "zod";
import { oauthErrorsOf, openApiDocument, shownAsProblems } from "../../shared/contract/openapi.ts";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { problemCatalogue, problemCodes, type ProblemCode } from "../../shared/domain/problems.ts";
import { operations } from "../../shared/operations.ts";
import type { Answer } from "./answer.ts";

/** The operation of a request; undefined for an unknown path or method. Fixed segments take precedence over `{name}`. */
export function operationOf(method: string, target: string): AnyOperation | undefined {
  const segments = new URL(target, "http://localhost").pathname.replace(/\/$/, "").split("/");
  const fits = (declared: readonly string[]) =>
    declared.length === segments.length &&
    declared.every((part, index) => isVariable(part) || part === segments[index]);
  return routes.find(({ operation, declared }) => operation.method === method && fits(declared))?.operation;
}

const isVariable = (part: string) => part.startsWith("{");

/** The segments of every operation's path, those with the fewest variables first. */
const routes = operations
  .map((operation) => ({ operation, declared: operation.path.split("/") }))
  .sort((a, b) => a.declared.filter(isVariable).length - b.declared.filter(isVariable).length);

/**
 * Expects a response that the operation declares: status, media type, body, headers and problem code.
 *
 * @param operation undefined for an unknown path or method, which allows only `not_found`
 */
export function expectConforming(operation: AnyOperation | undefined, answer: Answer, url: string): void {
  expectCommonHeaders(answer);
  if (operation === undefined) {
    expectProblem(answer, url, ["not_found"]);
    return;
  }
  expectDeclaredHeaders(operation, answer);
  if (answer.status === operation.success.status) {
    expectDeclaredSuccess(operation, answer);
  } else if (answer.status === 304 && operation.success.mediaTypes !== undefined) {
    assert.equal(answer.text, "");
    assert.ok(answer.headers.has("etag"), "304 without an etag");
  } else if (operation.errorFormat === "oauth" && answer.headers.get("content-type") === "application/json") {
    expectOAuthError(operation, answer);
  } else {
    expectProblem(answer, url, shownAsProblems(operation));
  }
}

interface DeclaredResponse {
  readonly $ref?: string;
  readonly headers: Readonly<Record<string, { readonly $ref?: string }>>;
}

type Components = Readonly<Record<"responses" | "headers", Readonly<Record<string, any>>>>;

const { paths, components } = openApiDocument(operations, {
  publicUrl: "http://localhost",
  version: "",
}) as unknown as {
  paths: Record<string, Record<string, { responses: Record<string, DeclaredResponse> }>>;
  components: Components;
};
const nameIn = (reference: string) => reference.split("/").at(-1) ?? "";

/** The response has all headers that the document requires, and none of the known ones that it does not declare. */
function expectDeclaredHeaders({ method, path }: AnyOperation, { status, headers }: Answer): void {
  const declared = paths[path]?.[method.toLowerCase()]?.responses[status];
  if (declared === undefined) throw new Error(`${method} ${path} declares no answer ${status}`);
  const described: DeclaredResponse["headers"] = (
    declared.$ref === undefined ? declared : components.responses[nameIn(declared.$ref)]
  ).headers;
  const names = Object.keys(described);
  const required = names.filter((name) => described[name]?.$ref && components.headers[name].required === true);
  assert.deepEqual(
    required.filter((name) => !headers.has(name)),
    [],
    "headers are missing",
  );
  assert.deepEqual(
    Object.keys(components.headers).filter((name) => headers.has(name) && !names.includes(name)),
    [],
    "headers are not declared",
  );
}

function expectOAuthError(operation: AnyOperation, { status, body }: Answer): void {
  assert.deepEqual(Object.keys(body), ["error", "error_description"]);
  assert.ok(oauthErrorsOf(operation).get(status)?.includes(body.error), `${String(body.error)} is not declared`);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every response has these headers, whether from a function or the gateway. */
export function expectCommonHeaders({ headers }: Answer): void {
  assert.match(headers.get("x-request-id") ?? "", uuid);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
  assert.match(headers.get("strict-transport-security") ?? "", /^max-age=\d{8,}/);
  assert.ok(headers.has("cache-control"), "no cache-control");
}

function expectDeclaredSuccess({ success, method }: AnyOperation, { headers, text, status }: Answer): void {
  const type = headers.get("content-type")?.split(";")[0] ?? "";
  if (success.mediaTypes?.includes(type)) {
    assert.notEqual(text, "");
    assert.match(headers.get("etag") ?? "", /^W\/"[\w-]+"$/);
    if (type === "text/html") {
      assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none';/);
      assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    }
  } else if (success.body === undefined) {
    assert.equal(text, "");
    assert.equal(success.mediaTypes, undefined);
  } else {
    assert.equal(type, "application/json");
    // Parsed here: the same values of Jest's own objects would be a difference. Schemas drop undeclared members, which shows as one.
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
    assert.deepEqual(success.body.parse(body), body);
    if (body.etag !== undefined) assert.equal(headers.get("etag"), body.etag);
  }
  if (status === 201 && method === "POST") assert.match(headers.get("location") ?? "", /^\/v1\//);
}

const problemSchema = z.strictObject({
  type: z.url(),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1),
  instance: z.string().regex(/^urn:uuid:/),
  code: z.enum(problemCodes as [ProblemCode, ...ProblemCode[]]),
  requestId: z.string().regex(uuid),
  errors: z
    .array(z.strictObject({ pointer: z.string().regex(/^(\/([^/~]|~[01])*)*$/su), detail: z.string().min(1) }))
    .min(1)
    .optional(),
});

/**
 * Expects a problem of the catalogue (RFC 9457) in the form of the contract.
 *
 * @param codes the allowed ones
 */
export function expectProblem(answer: Answer, url: string, codes: readonly ProblemCode[] = problemCodes): void {
  const { status, headers, body } = answer;
  assert.equal(headers.get("content-type"), "application/problem+json");
  const problem = problemSchema.parse(body);
  assert.ok(codes.includes(problem.code), `${problem.code} is not declared`);
  assert.equal(status, problemCatalogue[problem.code].status);
  assert.equal(problem.status, status);
  assert.equal(problem.type, `${url}/problems/${problem.code}`);
  assert.equal(problem.title, problemCatalogue[problem.code].title);
  assert.equal(problem.instance, `urn:uuid:${problem.requestId}`);
  if (headers.get("idempotency-replayed") === null) assert.equal(problem.requestId, headers.get("x-request-id"));
  const namesFields = problem.errors !== undefined || problem.code !== "validation_failed" || isFromGateway(answer);
  assert.ok(namesFields, "validation_failed names no field");
  assert.equal(headers.get("cache-control"), "no-store");
  // Signing in does not use HTTP authentication, so it has no challenge.
  const isOfSignIn = [
    "credentials_invalid",
    "password_link_invalid",
    "second_factor_required",
    "second_factor_invalid",
  ].includes(problem.code);
  if (status === 401 && !isOfSignIn)
    assert.match(
      headers.get("www-authenticate") ?? headers.get("x-amzn-remapped-www-authenticate") ?? "",
      /^(Bearer|DPoP) /,
    );
  if (status === 429 || status === 503) assert.match(headers.get("retry-after") ?? "", /^\d+$/);
}

/** The gateway rejects parameters without naming them. */
const isFromGateway = ({ headers }: Answer) => headers.get("x-amzn-errortype") !== null;
