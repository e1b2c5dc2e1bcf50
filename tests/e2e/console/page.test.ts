/** The console's page and the files that it loads; tests/browser has what people do with it. Covers `console/file`. */
import { operations } from "../../../shared/web/console/contract.ts";
import { describePage, ownPolicy, policyOf } from "../../support/pages.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

test("the page is HTML with a policy that allows only Portico", async () => {
  const { status, headers } = await portico.call("GET", "/console");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await policyOf(portico, "/console")).toEqual(ownPolicy);
});

describePage(portico, "/console", ["css", "js"], Object.keys(operations.file.files ?? {}));
