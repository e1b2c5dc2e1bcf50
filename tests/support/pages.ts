/** Tests that hold for every page of files that Portico serves. */
import { verdict } from "./answer.ts";
import type { Portico } from "./portico.ts";

/** The policy of a page that loads and calls only Portico. */
export const ownPolicy = [
  "base-uri 'none'",
  "connect-src 'self'",
  "default-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "require-trusted-types-for 'script'",
  "script-src 'self'",
  "style-src 'self'",
  "trusted-types 'none'",
];

/** The paths of the files that the page loads, in order. */
export async function loadedPaths({ call }: Portico, page: string): Promise<string[]> {
  const { text } = await call("GET", page);
  return [...text.matchAll(/<(?:link|script) [^>]*(?:href|src)="(\/\w+\/[^"]+)"/g)]
    .map(([, path]) => path!)
    .filter((path) => path.startsWith(`${page}/`));
}

/** The page's Content-Security-Policy, one directive per line, sorted. */
export async function policyOf({ call }: Portico, page: string): Promise<string[]> {
  const { headers } = await call("GET", page);
  return (headers.get("content-security-policy") ?? "").split("; ").sort();
}

/** Registers the tests of a page and its files. @param extensions of the files that the page loads, sorted */
export function describePage(
  portico: Portico,
  page: string,
  extensions: readonly string[],
  missing: readonly string[],
) {
  const { call } = portico;

  test("the page is revalidated on each request and returns 304 if unchanged", async () => {
    const { headers } = await call("GET", page);
    expect(headers.get("cache-control")).toBe("no-cache");
    const etag = headers.get("etag") ?? "";
    for (const known of [etag, `"other", ${etag}`, etag.replace("W/", ""), "*"]) {
      const again = await call("GET", page, { headers: { "if-none-match": known } });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
      expect(again.headers.get("cache-control")).toBe("no-cache");
    }
    expect((await call("GET", page, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });

  test("a file has the media type of its extension and is cacheable for ever", async () => {
    const paths = await loadedPaths(portico, page);
    const types: Record<string, string> = { js: "text/javascript", css: "text/css", txt: "text/plain" };
    expect(paths.map((path) => path.split(".").at(-1)).sort()).toEqual(extensions);
    for (const path of paths) {
      const { status, headers } = await call("GET", path);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe(`${types[path.split(".").at(-1)!]}; charset=utf-8`);
      expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(headers.get("vary")).toBe("accept-encoding");
    }
  });

  test("an unknown file returns 404", async () => {
    const names = [
      "index.mjs",
      "__proto__",
      "constructor",
      "files.json",
      "..%2Ffiles.json",
      "..%2F..%2F..%2Fetc%2Fpasswd",
      "%00",
      "a".repeat(101),
      ...missing,
    ];
    for (const name of names) expect(verdict(await call("GET", `${page}/${name}`))).toBe("404 not_found");
  });
}
