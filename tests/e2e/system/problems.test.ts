/** The pages of problem codes and their list. Covers `system/problem`. */
import { problemCatalogue, problemCodes } from "../../../shared/domain/problems.ts";
import { problemList, problemPage } from "../../../shared/web/problems/pages.ts";
import { verdict } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { call } = portico;

const asBrowsersAsk = { headers: { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" } };

test.each(problemCodes)("%s is explained at the URL of its type, as JSON and as HTML", async (code) => {
  const json = await call("GET", `/problems/${code}`);
  expect(json.body).toEqual(problemPage(code, portico.url));
  const html = await call("GET", `/problems/${code}`, asBrowsersAsk);
  expect(html.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const { title, status } = problemCatalogue[code];
  for (const text of [`<h1>${title}</h1>`, `<code>${code}</code>, status ${status}`, "Why it happens", "What to do"]) {
    expect(html.text).toContain(text);
  }
  for (const { headers } of [json, html]) expect(headers.get("vary")).toBe("accept, accept-encoding");
});

test("the list contains every code and links to each page", async () => {
  const json = await call("GET", "/problems");
  expect(json.body).toEqual(problemList());
  const html = await call("GET", "/problems", asBrowsersAsk);
  const linked = [...html.text.matchAll(/href="\/problems\/(\w+)"/g)].map(([, code]) => code);
  expect(linked.sort()).toEqual([...problemCodes].sort());
  for (const { headers } of [json, html]) expect(headers.get("vary")).toBe("accept, accept-encoding");
});

test.each(["/problems", "/problems/not_found"])(
  "%s is a page without scripts that loads only its style sheet",
  async (path) => {
    const { text, headers } = await call("GET", path, asBrowsersAsk);
    expect((headers.get("content-security-policy") ?? "").split("; ").sort()).toEqual([
      "base-uri 'none'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src data:",
      "require-trusted-types-for 'script'",
      "style-src 'self'",
      "trusted-types 'none'",
    ]);
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).not.toMatch(/<script|style=|https?:\/\/(?!127\.0\.0\.1|www\.w3\.org)/);
    const [, style = ""] = /<link rel="stylesheet" href="([^"]+)">/.exec(text) ?? [];
    const { status, headers: ofStyle } = await call("GET", style);
    expect([status, ofStyle.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
  },
);

test("the type of a problem is the URL of its page, whose example matches the response", async () => {
  const { body } = await portico.call("GET", "/v1/subscriptions");
  const page = (await (await fetch(body.type as string)).json()) as { code: string; example: object };
  expect(page).toMatchObject({ code: "token_missing", status: 401 });
  expect(page.example).toEqual({ ...body, requestId: expect.any(String), instance: expect.any(String) });
});

test("a code outside the catalogue returns 404", async () => {
  for (const code of ["nothing", "NOT_FOUND", "__proto__", "constructor", "not_found%00"]) {
    expect(verdict(await portico.call("GET", `/problems/${code}`))).toBe("404 not_found");
  }
});
