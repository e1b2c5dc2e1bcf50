/** Answers that are not JSON: pages for people, and the files that pages load. */
import { createHash } from "node:crypto";

export interface Content {
  /** The value of `content-type`. */
  readonly type: string;
  readonly text: string;
  /** Weak (RFC 9110 §8.8.1): what the gateway has compressed differs in its bytes. */
  readonly etag: string;
  /** The value of `content-security-policy`; a file has none, for the page that loads it decides. */
  readonly policy?: string;
}

/** Text alone: nothing may be loaded, run, sent or framed. */
const strictest = {
  "default-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

/**
 * An HTML page.
 *
 * @param allowed directives of the content security policy beside the strictest ones (CSP Level 3 §6)
 * @example page(html, { "script-src": "'self'" })
 */
export function page(html: string, allowed: Readonly<Record<string, string>> = {}): Content {
  const directives = Object.entries({ ...strictest, ...allowed }).map(([name, value]) => `${name} ${value}`);
  return { ...content("text/html", html), policy: directives.join("; ") };
}

const mediaTypes: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
  txt: "text/plain",
};

/**
 * A file, of the media type that the ending of its name says.
 *
 * @throws Error for an ending that no file of a page has
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

/** Whether `If-None-Match` (RFC 9110 §13.1.2) says that the caller has the content; tags are compared weakly. */
export function isCurrent(etag: string, ifNoneMatch: string | undefined): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch?.trim() === "*" || (ifNoneMatch ?? "").split(",").map(opaque).includes(opaque(etag));
}
