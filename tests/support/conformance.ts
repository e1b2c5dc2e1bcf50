/** Holds every answer against the declaration of the operation that gave it. */
import * as z from "zod";
import { oauthErrorsOf, openApiDocument, shownAsProblems } from "../../shared/api/openapi.ts";
import type { AnyOperation } from "../../shared/api/operation.ts";
import { problemCatalogue, problemCodes, type ProblemCode } from "../../shared/api/problems.ts";
import { operations } from "../../shared/operations.ts";
import type { Answer, CallOptions, Portico } from "./portico.ts";

/** The operation that a request means; undefined for an unknown path or method. Fixed segments win over `{name}`. */
export function operationOf(method: string, target: string): AnyOperation | undefined {
  const segments = new URL(target, "http://localhost").pathname.replace(/\/$/, "").split("/");
  const fits = ({ path }: AnyOperation) => {
    const declared = path.split("/");
    return (
      declared.length === segments.length &&
      declared.every((part, index) => isVariable(part) || part === segments[index])
    );
  };
  return operations
    .filter((operation) => operation.method === method && fits(operation))
    .sort((a, b) => variables(a) - variables(b))[0];
}

const isVariable = (part: string) => part.startsWith("{");
const variables = ({ path }: AnyOperation) => path.split("/").filter(isVariable).length;

/** `Portico.call` of a host that has yet to start. */
export function conforming(portico: () => Portico): Portico["call"] {
  return async (method: string, path: string, options?: CallOptions) => await portico().call(method, path, options);
}

/**
 * The answer is one that the operation declares: its status, media type, body and headers, and of a refusal its code.
 *
 * @param operation undefined where the path or method is unknown: only `not_found` may answer then
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
    expect({ text: answer.text, etag: answer.headers.get("etag") }).toEqual({ text: "", etag: expect.any(String) });
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

/** The document names the headers of each answer: those it requires are there, and none of them where it does not. */
function expectDeclaredHeaders({ method, path }: AnyOperation, { status, headers }: Answer): void {
  const declared = paths[path]?.[method.toLowerCase()]?.responses[status];
  if (declared === undefined) throw new Error(`${method} ${path} declares no answer ${status}`);
  const described: DeclaredResponse["headers"] = (
    declared.$ref === undefined ? declared : components.responses[nameIn(declared.$ref)]
  ).headers;
  const names = Object.keys(described);
  const required = names.filter((name) => described[name]?.$ref && components.headers[name].required === true);
  expect(required.filter((name) => !headers.has(name))).toEqual([]);
  expect(Object.keys(components.headers).filter((name) => headers.has(name) && !names.includes(name))).toEqual([]);
}

function expectOAuthError(operation: AnyOperation, { status, body }: Answer): void {
  expect(Object.keys(body)).toEqual(["error", "error_description"]);
  expect(oauthErrorsOf(operation).get(status)).toContain(body.error);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What every answer carries, whatever made it. */
export function expectCommonHeaders({ headers }: Answer): void {
  expect(headers.get("x-request-id")).toMatch(uuid);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("strict-transport-security")).toMatch(/^max-age=\d{8,}/);
  expect(headers.get("cache-control")).not.toBeNull();
}

function expectDeclaredSuccess({ success, method }: AnyOperation, { headers, text, body, status }: Answer): void {
  const type = headers.get("content-type")?.split(";")[0] ?? "";
  if (success.mediaTypes?.includes(type)) {
    expect(text).not.toBe("");
    expect(headers.get("etag")).toMatch(/^W\/"[\w-]+"$/);
    if (type === "text/html") expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';/);
  } else if (success.body === undefined) {
    expect(text).toBe("");
    expect(success.mediaTypes).toBeUndefined();
  } else {
    expect(type).toBe("application/json");
    // Parsing drops what is not declared, so a member too many shows as a difference.
    expect(success.body.parse(body)).toEqual(body);
    if (body.etag !== undefined) expect(headers.get("etag")).toBe(body.etag);
  }
  if (status === 201 && method === "POST") expect(headers.get("location")).toMatch(/^\/v1\//);
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
 * The answer is a problem of the catalogue (RFC 9457), made as the contract says.
 *
 * @param codes those that may be given here
 */
export function expectProblem(answer: Answer, url: string, codes: readonly ProblemCode[] = problemCodes): void {
  const { status, headers, body } = answer;
  expect(headers.get("content-type")).toBe("application/problem+json");
  const problem = problemSchema.parse(body);
  expect(codes).toContain(problem.code);
  expect({ status, type: problem.type, title: problem.title, shown: problem.status }).toEqual({
    status: problemCatalogue[problem.code].status,
    type: `${url}/problems/${problem.code}`,
    title: problemCatalogue[problem.code].title,
    shown: status,
  });
  expect(problem.instance).toBe(`urn:uuid:${problem.requestId}`);
  if (headers.get("idempotency-replayed") === null) expect(problem.requestId).toBe(headers.get("x-request-id"));
  expect(problem.errors !== undefined || problem.code !== "validation_failed" || isFromGateway(answer)).toBe(true);
  expect(headers.get("cache-control")).toBe("no-store");
  // Signing in is no authentication by HTTP, so it has no challenge.
  if (status === 401 && problem.code !== "credentials_invalid")
    expect(headers.get("www-authenticate") ?? headers.get("x-amzn-remapped-www-authenticate")).toMatch(/^Bearer/);
  if (status === 429 || status === 503) expect(headers.get("retry-after")).toMatch(/^\d+$/);
}

/** The gateway refuses parameters without looking at each. */
const isFromGateway = ({ headers }: Answer) => headers.get("x-amzn-errortype") !== null;

/** Status and problem code of an answer in one word: `409 subscription_exists`, `201`. */
export function verdict({ status, body }: Answer): string {
  return body?.code === undefined ? String(status) : `${status} ${body.code}`;
}

/** The JSON Pointers of an answer's field errors. */
export function pointersOf({ body }: Answer): string[] {
  return (body?.errors ?? []).map(({ pointer }: { pointer: string }) => pointer);
}
