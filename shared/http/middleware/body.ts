import { parseForm } from "../form.ts";
import { parseJson } from "../json.ts";
import { Problem } from "../../domain/problems.ts";
import type { RequestContext, Middleware, ServedEvent } from "../request-context.ts";

const maxBytes = 64 * 1024;

/** Checks size, content type and syntax of the body and parses it. Validation checks its meaning. */
export function body(): Middleware {
  return {
    before: ({ event }) => {
      const { context } = event;
      const { body: schema, bodyType = "json", bodyOptional = false } = context.operation.request;
      const text = bodyText(event);
      if (Buffer.byteLength(text) > maxBytes) {
        throw new Problem("body_too_large", "The maximum size of a body is 64 KiB (65536 bytes).");
      }
      if (schema === undefined) return;
      if (text === "" && bodyOptional) {
        context.rawBody = {};
        return;
      }
      requireMediaType(context, bodyType);
      context.rawBody = bodyType === "json" ? parseJson(text) : parseForm(text);
    },
  };
}

function bodyText(event: ServedEvent): string {
  const text = event.body ?? "";
  return event.isBase64Encoded ? Buffer.from(text, "base64").toString("utf8") : text;
}

function requireMediaType(context: RequestContext, bodyType: "json" | "form"): void {
  // RFC 7396 §4 defines a media type of its own for merge patches, which is JSON as well.
  const supported =
    bodyType === "form"
      ? ["application/x-www-form-urlencoded"]
      : context.operation.method === "PATCH"
        ? ["application/json", "application/merge-patch+json"]
        : ["application/json"];
  const [mediaType = "", ...parameters] = (context.header("content-type") ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  if (!supported.includes(mediaType) || (charset !== undefined && charset.replaceAll('"', "") !== "utf-8")) {
    throw new Problem("media_type_unsupported", `Send the body as ${supported.join(" or ")}, in UTF-8.`);
  }
}
