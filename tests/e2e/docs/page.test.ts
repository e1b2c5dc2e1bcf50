/** The docs: their pages, and the files that these load and offer. Covers `docs/file` and `docs/read`. */
import { operations as docs } from "../../../shared/web/docs/contract.ts";
import { pageNames } from "../../../shared/web/docs/pages.ts";
import { verdict } from "../../support/answer.ts";
import { describePage, loadedPaths, ownPolicy, policyOf } from "../../support/pages.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { call } = portico;
const paths = ["/docs", ...pageNames.map((name) => `/docs/pages/${name}`)];

test.each(paths)("%s is HTML with a policy that allows only Portico, and has nothing inline", async (path) => {
  const { status, headers, text } = await call("GET", path);
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(headers.get("cache-control")).toBe("no-cache");
  expect(await policyOf(portico, path)).toEqual(ownPolicy);
  expect(text).toContain('<link rel="service-desc" type="application/json" href="/openapi.json">');
  expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+="/);
  expect(text).not.toMatch(/__[A-Z_]+__|https:\/\/api\.example\.com/);
});

test("every link of the pages leads to an answer of Portico, and every anchor to a heading or an operation", async () => {
  const targets = new Set<string>();
  for (const path of paths) {
    const { text } = await call("GET", path);
    for (const [, href = ""] of text.matchAll(/<a [^>]*href="([^"]*)"/g)) {
      targets.add(href.startsWith("#") ? `${path}${href}` : href);
    }
  }
  expect(targets.size).toBeGreaterThan(100);
  expect([...targets].filter((target) => !target.startsWith("/"))).toEqual([]);
  const broken: string[] = [];
  const texts = new Map<string, string>();
  for (const target of targets) {
    const [path = "", anchor] = target.split("#");
    if (!texts.has(path)) {
      const { status, text } = await call("GET", path);
      texts.set(path, status === 200 ? text : "");
    }
    const text = texts.get(path) ?? "";
    if (text === "" || (anchor !== undefined && !text.includes(`id="${anchor}"`))) broken.push(target);
  }
  expect(broken).toEqual([]);
});

test("examples have the deployment's own URL", async () => {
  expect((await call("GET", "/docs/pages/quick-start")).text).toContain(`curl -i ${portico.url}/oauth/token`);
});

test("a page is revalidated, and an unknown one is 404", async () => {
  const { headers } = await call("GET", "/docs/pages/errors");
  const again = await call("GET", "/docs/pages/errors", { headers: { "if-none-match": headers.get("etag") ?? "" } });
  expect([again.status, again.text]).toEqual([304, ""]);
  const names = [
    "gone",
    "__proto__",
    "constructor",
    "errors.html",
    "..%2Findex",
    "..%2F..%2Findex.mjs",
    "a".repeat(101),
  ];
  for (const name of names) expect(verdict(await call("GET", `/docs/pages/${name}`))).toBe("404 not_found");
});

describePage(
  portico,
  "/docs",
  ["css", "css", "js"],
  // The names without the content hash are unknown, too.
  Object.keys(docs.file.files ?? {}),
);

test("the scripts of a page have at most 500 KB", async () => {
  const scripts = (await loadedPaths(portico, "/docs")).filter((path) => path.endsWith(".js"));
  const sizes = await Promise.all(scripts.map(async (path) => (await call("GET", path)).text.length));
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(500_000);
});

test("the downloads are JSON with the deployment's own URL, and an archive", async () => {
  const { text } = await call("GET", "/docs/pages/downloads");
  const [, collection = ""] = /href="([^"]*postman_collection[^"]*)"/.exec(text) ?? [];
  const downloaded = await call("GET", collection);
  expect(downloaded.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(downloaded.body.variable[0]).toMatchObject({ key: "baseUrl", value: portico.url });
  const [, archive = ""] = /href="([^"]*\.tar)"/.exec(text) ?? [];
  const { headers, text: bytes } = await call("GET", archive);
  expect(headers.get("content-type")).toBe("application/x-tar; charset=utf-8");
  expect(bytes.slice(257, 262)).toBe("ustar");
});

test("a file is compressed on request, with the same content", async () => {
  const path = (await loadedPaths(portico, "/docs")).find((name) => name.includes("docs-") && name.endsWith(".css"))!;
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
