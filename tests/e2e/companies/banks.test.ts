import { banks as directory } from "../../../shared/companies/banks.ts";
import { allPages } from "../../support/lists.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { call } = portico;

describe("the directory of banks", () => {
  test("is public and cacheable, and lists all banks by code", async () => {
    const { headers, body } = await call("GET", "/v1/banks?limit=100");
    expect(body).toEqual({ items: directory, nextCursor: null });
    expect(headers.get("cache-control")).toBe("public, max-age=3600");
  });

  test("returns twenty banks per page by default", async () => {
    expect((await call("GET", "/v1/banks")).body.items).toEqual(directory.slice(0, 20));
    const pages = await allPages((cursor) => call("GET", `/v1/banks?limit=9${cursor ? `&cursor=${cursor}` : ""}`));
    expect(pages.map((page) => page.length)).toEqual([9, 9, 9, 9, 7]);
    expect(pages.flat()).toEqual(directory);
  });
});
