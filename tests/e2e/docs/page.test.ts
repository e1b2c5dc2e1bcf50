/** The docs page and the files that it loads. Covers `docs/file`. */
import { operations as docs } from "../../../shared/web/docs/contract.ts";
import { describePage, loadedPaths, ownPolicy, policyOf } from "../../support/pages.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { call } = portico;

test("the page is HTML with a policy that allows only Portico", async () => {
  const { status, headers, text } = await call("GET", "/docs");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await policyOf(portico, "/docs")).toEqual(ownPolicy);
  expect(text).toContain('<link rel="service-desc" type="application/json" href="/openapi.json">');
});

test("the page has nothing inline and links to the contract, the problems and the console", async () => {
  const { text } = await call("GET", "/docs");
  expect(text).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=|https?:\/\/(?!www\.w3\.org)/);
  const links = [...text.matchAll(/<a [^>]*href="(\/[^"]*)"/g)].map(([, path]) => path);
  expect(new Set(links)).toEqual(new Set(["/docs", "/openapi.json", "/problems", "/console"]));
});

describePage(
  portico,
  "/docs",
  ["css", "css", "css", "js", "js", "txt"],
  // The names without the content hash are unknown, too.
  Object.keys(docs.file.files ?? {}),
);

test("a file is compressed on request, with the same content", async () => {
  const path = (await loadedPaths(portico, "/docs")).find((name) => name.includes("swagger-ui-bundle"))!;
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
