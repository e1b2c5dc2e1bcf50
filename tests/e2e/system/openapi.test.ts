import { openApiDocument } from "../../../shared/contract/openapi.ts";
import { operations, webhooks } from "../../../shared/operations.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

describe("the OpenAPI document", () => {
  test("is generated from the declarations, public and cacheable", async () => {
    const { status, headers, body } = await portico.call("GET", "/openapi.json");
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toMatch(/^public/);
    const made = openApiDocument(operations, { publicUrl: portico.url, version: body.info.version, webhooks });
    expect(body).toEqual(JSON.parse(JSON.stringify(made)));
  });
});
