import { operations as docs } from "../../../shared/web/docs/contract.ts";
import { verdict } from "../../support/conformance.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { call } = portico;

/** The paths that the page loads, in order. */
async function loadedPaths(): Promise<string[]> {
  const { text } = await call("GET", "/docs");
  return [...text.matchAll(/(?:href|src)="(\/docs\/[^"]+)"/g)].map(([, path]) => path!);
}

describe("the page", () => {
  test("is HTML with a policy that allows only Portico", async () => {
    const { status, headers, text } = await call("GET", "/docs");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy.split("; ").sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(text).toContain('<link rel="service-desc" type="application/json" href="/openapi.json">');
  });

  test("has nothing inline and links to the contract, the problems and the console", async () => {
    const { text } = await call("GET", "/docs");
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=|https?:\/\/(?!www\.w3\.org)/);
    const links = [...text.matchAll(/<a [^>]*href="(\/[^"]*)"/g)].map(([, path]) => path);
    expect(new Set(links)).toEqual(new Set(["/docs", "/openapi.json", "/problems", "/console"]));
  });

  test("is revalidated on each request and returns 304 if unchanged", async () => {
    const { headers } = await call("GET", "/docs");
    expect(headers.get("cache-control")).toBe("no-cache");
    const etag = headers.get("etag") ?? "";
    for (const known of [etag, `"other", ${etag}`, etag.replace("W/", ""), "*"]) {
      const again = await call("GET", "/docs", { headers: { "if-none-match": known } });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
      expect(again.headers.get("cache-control")).toBe("no-cache");
    }
    expect((await call("GET", "/docs", { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });
});

describe("a file of the page", () => {
  test("has the media type of its extension and is cacheable for ever", async () => {
    const paths = await loadedPaths();
    const types: Record<string, string> = { js: "text/javascript", css: "text/css", txt: "text/plain" };
    expect(paths.map((path) => path.split(".").at(-1)).sort()).toEqual(["css", "css", "css", "js", "js", "txt"]);
    for (const path of paths) {
      const { status, headers } = await call("GET", path);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe(`${types[path.split(".").at(-1)!]}; charset=utf-8`);
      expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(headers.get("vary")).toBe("accept-encoding");
    }
  });

  test("is compressed on request, with the same content", async () => {
    const path = (await loadedPaths()).find((name) => name.includes("swagger-ui-bundle"))!;
    const [plain, gzip] = [
      await call("GET", path, { headers: { "accept-encoding": "identity" } }),
      await call("GET", path, { headers: { "accept-encoding": "gzip" } }),
    ];
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(gzip.headers.get("content-encoding")).toBe("gzip");
    expect(Number(gzip.headers.get("content-length"))).toBeLessThan(plain.text.length / 2);
    expect(gzip.text === plain.text).toBe(true);
    expect(gzip.headers.get("etag")).toBe(plain.headers.get("etag"));
  });

  test("an unknown name returns 404", async () => {
    const names = [
      ...Object.keys(docs.file.files ?? {}),
      ...[
        "files.json",
        "index.mjs",
        "__proto__",
        "constructor",
        "..%2Ffiles.json",
        "..%2F..%2F..%2Fetc%2Fpasswd",
        "%00",
        "a".repeat(101),
      ],
    ];
    for (const name of names) expect(verdict(await call("GET", `/docs/${name}`))).toBe("404 not_found");
  });
});
