/** Code samples for every operation, from its declaration: a whole program in each language that sends the example. */
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { placeholderUrl } from "./document.ts";
import { exampleOf, membersOf, parameterNames } from "./examples.ts";

/** A request as the samples send it. */
export interface SampleRequest {
  readonly method: string;
  readonly url: string;
  /** `token`: the access token in `PORTICO_TOKEN`; `client`: `PORTICO_CLIENT_ID` and `PORTICO_CLIENT_SECRET`. */
  readonly credentials: "token" | "client" | "none";
  readonly idempotent: boolean;
  readonly body?: { readonly type: "json" | "form"; readonly value: Readonly<Record<string, unknown>> };
}

export interface Replacements {
  /** Default: the placeholder of the contract. */
  readonly baseUrl?: string;
  /** Path parameters, in place of their examples. */
  readonly path?: Readonly<Record<string, string>>;
  /** The body, in place of the example. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The request that the declaration shows as its example. */
export function sampleRequest(operation: AnyOperation, replacements: Replacements = {}): SampleRequest {
  const { access, acceptsClient, idempotent, method, request } = operation;
  const examples = membersOf(request.path);
  const path = parameterNames(operation.path).reduce<string>((filled, name) => {
    const value = replacements.path?.[name] ?? exampleOf(examples[name] ?? {});
    return filled.replace(`{${name}}`, encodeURIComponent(value));
  }, operation.path);
  const value = replacements.body ?? (request.bodyExample as SampleBody | undefined);
  return {
    method,
    url: `${replacements.baseUrl ?? placeholderUrl}${path}`,
    credentials: access !== "public" ? "token" : acceptsClient === true ? "client" : "none",
    idempotent: idempotent === true,
    ...(value !== undefined && { body: { type: request.bodyType ?? "json", value } }),
  };
}

type SampleBody = Readonly<Record<string, unknown>>;

export interface Language {
  readonly label: string;
  /** File extension of a sample. */
  readonly extension: string;
  /** @returns a whole program without a newline at its end */
  readonly write: (request: SampleRequest) => string;
}

/** The languages of the samples, in the order in which they are shown. */
export const languages = {
  curl: { label: "curl", extension: "sh", write: curl },
  javascript: { label: "JavaScript", extension: "mjs", write: javascript },
  python: { label: "Python", extension: "py", write: python },
  go: { label: "Go", extension: "go", write: go },
} as const satisfies Readonly<Record<string, Language>>;

function lines(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join("\n");
}

function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

/** Indents all lines but the first. */
function indented(text: string, indent: string): string {
  return text.replaceAll("\n", `\n${indent}`);
}

function curl({ method, url, credentials, idempotent, body }: SampleRequest): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const form = body?.type === "form" ? Object.entries(body.value) : [];
  const options = [
    credentials === "token" && `-H "authorization: Bearer $PORTICO_TOKEN"`,
    credentials === "client" && `-u "$PORTICO_CLIENT_ID:$PORTICO_CLIENT_SECRET"`,
    idempotent && `-H "idempotency-key: order-$(date +%s)-$RANDOM"`,
    body?.type === "json" && `-H 'content-type: application/json'`,
    body?.type === "json" && `-d ${quoted(pretty(body.value))}`,
    ...form.map(([name, value]) => `--data-urlencode ${quoted(`${name}=${String(value)}`)}`),
  ].filter((option) => option !== false);
  const isImplied = method === (body === undefined ? "GET" : "POST");
  return [`curl -i${isImplied ? "" : ` -X ${method}`} '${url}'`, ...options].join(" \\\n  ");
}

function javascript({ method, url, credentials, idempotent, body }: SampleRequest): string {
  const headers = [
    credentials === "token" && "authorization: `Bearer ${process.env.PORTICO_TOKEN}`,",
    credentials === "client" &&
      "authorization: `Basic ${btoa(`${process.env.PORTICO_CLIENT_ID}:${process.env.PORTICO_CLIENT_SECRET}`)}`,",
    idempotent && `"idempotency-key": crypto.randomUUID(),`,
    body?.type === "json" && `"content-type": "application/json",`,
  ].filter((header) => header !== false);
  const make = body?.type === "form" ? "new URLSearchParams" : "JSON.stringify";
  return lines(
    `const response = await fetch("${url}", {`,
    `  method: "${method}",`,
    headers.length > 0 && `  headers: {\n    ${headers.join("\n    ")}\n  },`,
    body !== undefined && `  body: ${make}(${indented(pretty(body.value), "  ")}),`,
    `});`,
    `console.log(response.status, await response.text());`,
  );
}

function python({ method, url, credentials, idempotent, body }: SampleRequest): string {
  const headers = [
    credentials === "token" && `"authorization": f"Bearer {os.environ['PORTICO_TOKEN']}",`,
    credentials === "client" && `"authorization": f"Basic {base64.b64encode(client.encode()).decode()}",`,
    idempotent && `"idempotency-key": str(uuid.uuid4()),`,
    body?.type === "json" && `"content-type": "application/json",`,
  ].filter((header) => header !== false);
  const encode = body?.type === "form" ? "urllib.parse.urlencode" : "json.dumps";
  return lines(
    credentials === "client" && "import base64",
    body?.type === "json" && "import json",
    credentials !== "none" && "import os",
    "import urllib.error",
    body?.type === "form" && "import urllib.parse",
    "import urllib.request",
    idempotent && "import uuid",
    "",
    credentials === "client" && `client = f"{os.environ['PORTICO_CLIENT_ID']}:{os.environ['PORTICO_CLIENT_SECRET']}"`,
    `request = urllib.request.Request(`,
    `    "${url}",`,
    `    method="${method}",`,
    headers.length > 0 && `    headers={\n        ${headers.join("\n        ")}\n    },`,
    body !== undefined && `    data=${encode}(${indented(pythonValue(body.value), "    ")}).encode(),`,
    `)`,
    `try:`,
    `    with urllib.request.urlopen(request) as response:`,
    `        print(response.status, response.read().decode())`,
    `except urllib.error.HTTPError as error:`,
    `    print(error.code, error.read().decode())`,
  );
}

/** JSON as a Python expression. */
function pythonValue(value: unknown, indent = ""): string {
  const inner = `${indent}    `;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => `${inner}${pythonValue(item, inner)},\n`).join("")}${indent}]`;
  }
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, item]) => `${inner}"${name}": ${pythonValue(item, inner)},\n`);
  return members.length === 0 ? "{}" : `{\n${members.join("")}${indent}}`;
}

function go({ method, url, credentials, idempotent, body }: SampleRequest): string {
  const content =
    body && (body.type === "form" ? new URLSearchParams(formOf(body.value)).toString() : pretty(body.value));
  const imports = [
    idempotent && "crypto/rand",
    "fmt",
    "io",
    "log",
    "net/http",
    credentials !== "none" && "os",
    body !== undefined && "strings",
  ].filter((name) => name !== false);
  const types = { json: "application/json", form: "application/x-www-form-urlencoded" };
  return lines(
    "package main",
    "",
    `import (\n${imports.map((name) => `\t"${name}"\n`).join("")})`,
    "",
    "func main() {",
    content !== undefined && `\tbody := strings.NewReader(\`${content}\`)`,
    `\trequest, err := http.NewRequest("${method}", "${url}", ${content === undefined ? "nil" : "body"})`,
    ...stopOnError,
    credentials === "token" && `\trequest.Header.Set("Authorization", "Bearer "+os.Getenv("PORTICO_TOKEN"))`,
    credentials === "client" &&
      `\trequest.SetBasicAuth(os.Getenv("PORTICO_CLIENT_ID"), os.Getenv("PORTICO_CLIENT_SECRET"))`,
    idempotent && `\trequest.Header.Set("Idempotency-Key", rand.Text())`,
    body !== undefined && `\trequest.Header.Set("Content-Type", "${types[body.type]}")`,
    `\tresponse, err := http.DefaultClient.Do(request)`,
    ...stopOnError,
    `\tdefer response.Body.Close()`,
    `\tanswer, err := io.ReadAll(response.Body)`,
    ...stopOnError,
    `\tfmt.Println(response.StatusCode, string(answer))`,
    "}",
  );
}

const stopOnError = ["\tif err != nil {", "\t\tlog.Fatal(err)", "\t}"];

function formOf(value: SampleBody): Record<string, string> {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, String(member)]));
}
