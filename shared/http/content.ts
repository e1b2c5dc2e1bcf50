/** Answers that are not JSON: pages and the files that they load. */
import { createHash } from "node:crypto";

export interface Content {
  /** The value of `content-type`. */
  readonly type: string;
  readonly text: string;
  /** Weak (RFC 9110 §8.8.1), because the gateway may compress the text. */
  readonly etag: string;
  /** The value of `content-security-policy`; a file has none, because the page that loads it decides. */
  readonly policy?: string;
}

/** The page may load, run, send and frame nothing. */
const strictest = {
  "default-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
  // Text never becomes HTML or a script by assignment, whatever a program of ours or of others does.
  "require-trusted-types-for": "'script'",
  "trusted-types": "'none'",
};

/**
 * An HTML page.
 *
 * @param directives of the content security policy that replace the strictest ones (CSP Level 3 §6)
 * @example page(html, { "script-src": "'self'" })
 */
export function page(html: string, allowed: Readonly<Record<string, string>> = {}): Content {
  const directives = Object.entries({ ...strictest, ...allowed }).map(([name, value]) => `${name} ${value}`);
  return { ...content("text/html", html), policy: directives.join("; ") };
}

const mediaTypes: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  txt: "text/plain",
};

/**
 * A file with the media type of its extension.
 *
 * @throws Error for an unknown extension
 */
export function file(name: string, text: string): Content {
  const ending = name.slice(name.lastIndexOf(".") + 1);
  if (!Object.hasOwn(mediaTypes, ending))
    throw new Error(`${name}: files end in ${Object.keys(mediaTypes).join(", ")}`);
  return content(mediaTypes[ending] ?? "", text);
}

function content(mediaType: string, text: string): Content {
  const hash = createHash("sha256").update(text).digest("base64url");
  return { type: `${mediaType}; charset=utf-8`, text, etag: `W/"${hash}"` };
}

/** Whether the caller has the content by `If-None-Match` (RFC 9110 §13.1.2), with weak comparison. */
export function isCurrent(etag: string, ifNoneMatch: string | undefined): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch?.trim() === "*" || (ifNoneMatch ?? "").split(",").map(opaque).includes(opaque(etag));
}
