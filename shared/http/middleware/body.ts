import { parseJson } from "../json.ts";
import { Problem, invalid } from "../../domain/problems.ts";
import type { Call, Middleware, ServedEvent } from "../request-context.ts";

const maxBytes = 64 * 1024;

/** Reads the body: its size, its content type, its syntax. What it means is for validation to say. */
export function body(): Middleware {
  return {
    before: ({ event }) => {
      const { call } = event;
      const { body: schema, bodyType = "json", bodyOptional = false } = call.operation.request;
      const text = bodyText(event);
      if (Buffer.byteLength(text) > maxBytes) {
        throw new Problem("body_too_large", "A body may have 64 KiB (65536 bytes) at most.");
      }
      if (schema === undefined) return;
      if (text === "" && bodyOptional) {
        call.rawBody = {};
        return;
      }
      requireMediaType(call, bodyType);
      call.rawBody = bodyType === "json" ? parseJson(text) : parseForm(text);
    },
  };
}

function bodyText(event: ServedEvent): string {
  const text = event.body ?? "";
  return event.isBase64Encoded ? Buffer.from(text, "base64").toString("utf8") : text;
}

function requireMediaType(call: Call, bodyType: "json" | "form"): void {
  // RFC 7396 §4 has a type of its own for merge patches; it is JSON all the same.
  const supported =
    bodyType === "form"
      ? ["application/x-www-form-urlencoded"]
      : call.operation.method === "PATCH"
        ? ["application/json", "application/merge-patch+json"]
        : ["application/json"];
  const [mediaType = "", ...parameters] = (call.header("content-type") ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  if (!supported.includes(mediaType) || (charset !== undefined && charset.replaceAll('"', "") !== "utf-8")) {
    throw new Problem("media_type_unsupported", `Send the body as ${supported.join(" or ")}, in UTF-8.`);
  }
}

/** RFC 6749 §3.2: parameters without a value are as if they were not there, and none may be there twice. */
function parseForm(text: string): Record<string, string> {
  const parameters = [...new URLSearchParams(text)].filter(([, value]) => value !== "");
  const names = parameters.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid({ pointer: `/${twice}`, detail: "is there twice" });
  return Object.fromEntries(parameters);
}
