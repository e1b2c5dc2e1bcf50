/** What the console shows on a partner's page: limits, usage, webhook endpoints and the audit trail. */
import { setTimeout as delay } from "node:timers/promises";
import {
  answer,
  button,
  describeBothWidths,
  describeConsole,
  desktop,
  dialog,
  errorAt,
  expectAccessible,
  expectEventually,
  expectSaid,
  fill,
  heading,
  page,
  portico,
  rows,
  useSession,
  visit,
} from "../support/console.ts";
import { Portico } from "../support/portico.ts";
import { plantChanges } from "../support/table.ts";
import { shardsOfAll } from "../../shared/usage/keys.ts";
import { callsAddition, subscriptionsAddition } from "../../shared/usage/store.ts";
import { attemptAddition } from "../../shared/webhooks/attempt-counts.ts";
import { healthUpdate } from "../../shared/webhooks/store.ts";
import { eventually } from "../support/waiting.ts";
import { webhookCalls } from "../support/webhooks.ts";

const fact = (label: string) => page.locator("dl > div", { has: page.getByText(label, { exact: true }) }).locator("dd");

const tab = (name: string) => page.getByRole("navigation", { name: "About the partner" }).getByRole("link", { name });

/** Changes a partner as root. */
async function change(id: string, json: object): Promise<void> {
  const { status } = await portico.call("PATCH", `/v1/partners/${id}`, { token: await portico.rootToken(), json });
  expect(status).toBe(200);
}

/** A partner that has used up its quota of two requests: further requests were refused. */
async function partnerAtItsQuota(): Promise<string> {
  const { id, token } = await portico.partnerWithToken();
  await change(id, { limits: { requestsPerSecond: 1, burst: 2, requestsPerMonth: 2 } });
  for (let count = 0; count < 4; count++) await portico.call("GET", "/v1/partners/me", { token });
  await eventually(
    async () => {
      await delay(1000);
      // A later call sends the counts that wait.
      await portico.call("GET", "/v1/partners/me", { token });
      return await portico.call("GET", `/v1/partners/${id}/usage`, { token: await portico.rootToken() });
    },
    ({ body }) => body.days.at(-1).requests >= 2 && body.days.at(-1).refused >= 2,
  );
  return id;
}

describeConsole(
  "the tabs and the limits of a partner in the console",
  () => {
    describe.each([
      ["light", "desktop", { colorScheme: "light", viewport: desktop }],
      ["dark", "desktop", { colorScheme: "dark", viewport: desktop }],
    ] as const)("in %s colours on a %s", (_colours, _width, options) => {
      useSession(options);

      test("the usage has the month against the quota, and its charts have the same numbers as a table", async () => {
        const id = await partnerAtItsQuota();
        await visit(`#/partners/${id}`);
        await tab("Usage").click();
        await page.getByText("The quota is used up").waitFor();
        await page.getByText("2 of 2", { exact: true }).waitFor();
        const charts = page.getByRole("img", { name: /as a bar chart/ });
        expect(await charts.count()).toBe(2);
        expect(await page.locator(".chart.served g").count()).toBe(30);
        await page.getByText("The numbers by day").click();
        await page.getByText(/^There were no sales and no live subscriptions from/).waitFor();
        const days = page.getByRole("table", { name: "Requests by day" }).locator("tbody tr");
        expect(await days.count()).toBe(30);
        const [, served = "", refused = ""] = await days.first().locator("td").allTextContents();
        // The table begins with the latest day, and the chart ends with it.
        const titles = await page.locator(".chart g:last-child title").allTextContents();
        expect(titles).toEqual([expect.stringMatching(`: ${served}$`), expect.stringMatching(`: ${refused}$`)]);
        expect(Number(refused)).toBeGreaterThan(1);
        const operations = page.getByRole("table", { name: "Requests by operation" }).locator("tbody tr");
        expect(await operations.allTextContents()).toEqual([`GET /v1/partners/me${served}`]);
        await expectAccessible();
      });
    });

    describe.each(["light", "dark"] as const)("sales in %s colours", (colorScheme) => {
      useSession({ colorScheme, viewport: desktop });

      test("are shown by day, of a partner and of all partners together", async () => {
        const { id } = await portico.registerPartner();
        const today = new Date().toISOString().slice(0, 10);
        const counts = new Map([
          ["created", 1200],
          ["cancelled", 3],
          ["live", 1197],
        ] as const);
        const at = new Date().toISOString();
        await plantChanges(portico.host, [
          subscriptionsAddition(id, today, { counts, forAll: true }),
          [callsAddition(shardsOfAll[0]!, today, new Map(Object.entries({ requests: 54_321, refused: 17 })))],
          [attemptAddition(id, "whd_1", { at, succeeded: true })],
          [attemptAddition(id, "whd_1", { at, succeeded: false })],
        ]);
        const firstRow = (name: string) => page.getByRole("table", { name }).locator("tbody tr").first();
        const lastBar = (kind: string) => page.locator(`.chart.${kind} g:last-child title`).textContent();
        const summary = (index: number) => page.getByText("The numbers by day").nth(index);
        await visit(`#/partners/${id}/usage`);
        await summary(0).click();
        expect(await firstRow("Sales by day").locator("td").allTextContents()).toEqual([
          expect.any(String),
          ...["1,200", "0", "3", "0", "1,197"],
        ]);
        expect(await lastBar("sold")).toMatch(/: 1,200$/);
        expect(await lastBar("live")).toMatch(/: 1,197$/);
        await summary(1).click();
        const attempts = firstRow("Attempts to deliver webhooks by day").locator("td");
        expect((await attempts.allTextContents()).slice(1)).toEqual(["1", "1"]);
        expect(await lastBar("failed")).toMatch(/: 1$/);
        await expectAccessible();
        await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "Sales" }).click();
        await summary(0).click();
        const { body } = await portico.call("GET", "/v1/usage/all-partners", { token: await portico.rootToken() });
        const { sold, live } = body.days.at(-1).subscriptions;
        expect(sold).toBeGreaterThanOrEqual(1200);
        const cells = await firstRow("Sales by day").locator("td").allTextContents();
        expect([cells[1], cells[5]]).toEqual([sold, live].map((each: number) => each.toLocaleString("en")));
        await summary(1).click();
        const { requests, refused } = body.days.at(-1);
        expect([requests >= 54_321, refused >= 17]).toEqual([true, true]);
        expect((await firstRow("Requests by day").locator("td").allTextContents()).slice(1)).toEqual(
          [requests, refused].map((each: number) => each.toLocaleString("en")),
        );
        expect(await lastBar("served")).toMatch(new RegExp(`: ${requests.toLocaleString("en")}$`));
        await expectAccessible();
      });
    });

    describeBothWidths((viewport) => {
      useSession({ viewport });

      test("the limits are changed with errors at their fields, and reset to the defaults", async () => {
        const { id } = await portico.registerPartner();
        await visit(`#/partners/${id}`);
        await heading("Blue Bicycle active").waitFor();
        const labels = ["Rate", "Monthly quota", "Limits"];
        const shown = () => Promise.all(labels.map((label) => fact(label).textContent()));
        const defaults = await shown();
        expect(defaults[2]).toBe("the defaults of the stage");
        expect(await button("Use the default limits").count()).toBe(0);
        await button("Change the limits").click();
        await fill({ "Requests per second": "20", Burst: "1", "Requests per month": "many" });
        await answer("Save");
        expect(await errorAt("Requests per month")).not.toBe("");
        await expectAccessible();
        await fill({ "Requests per month": "1000000" });
        await answer("Save");
        await expectEventually(() => errorAt("Burst"), "Must be what the rate gives in 2 to 60 seconds.");
        await fill({ Burst: "100" });
        await answer("Save");
        await expectSaid("The limits are changed.");
        await expectEventually(shown, ["20 per second, 100 at once", "1,000,000 requests", "set for this partner"]);
        await button("Use the default limits").click();
        await dialog().getByText("The defaults of the stage apply instead").waitFor();
        await expectAccessible();
        await answer("Use the defaults");
        await expectSaid("Blue Bicycle has the default limits.");
        await expectEventually(shown, defaults);
      });

      test("a partner without requests and webhook endpoints has empty tabs, each with its address", async () => {
        const { id } = await portico.registerPartner();
        await visit(`#/partners/${id}/usage`);
        await page.getByText(/^There were no requests from \d+ \w+ \d{4} to/).waitFor();
        await expectAccessible();
        await tab("Webhooks").click();
        await page.getByText("The partner has no webhook endpoints.").waitFor();
        await expectAccessible();
        await page.goBack();
        await page.getByText(/^There were no requests from/).waitFor();
      });

      test("webhook endpoints are listed with their state and event types", async () => {
        const { create, change: changeEndpoint } = webhookCalls(portico);
        const { id, token } = await portico.partnerWithToken();
        const url = `https://shop.example/webhooks/${"portico/".repeat(20)}`;
        await create(token, { url, eventTypes: ["webhook_endpoint.disabled", "subscription.created"] });
        const { body: disabled } = await create(token, { url: "https://shop.example/orders" });
        await changeEndpoint(token, disabled.id, { status: "disabled" });
        await plantChanges(portico.host, [
          [healthUpdate(disabled.id, { outcome: "http_error", at: new Date().toISOString() })],
        ]);
        await visit(`#/partners/${id}`);
        await expectEventually(
          () => fact("Last token issued").textContent(),
          expect.stringContaining(", less than a day ago"),
        );
        await tab("Webhooks").click();
        await expectEventually(() => rows().count(), 2);
        const cells = async (row: number) => (await rows().nth(row).locator("td").allTextContents()).slice(0, 4);
        expect(await cells(0)).toEqual([
          "https://shop.example/orders",
          "disabled by the partner",
          expect.stringContaining(", less than a day ago"),
          "all",
        ]);
        expect(await cells(1)).toEqual([
          url,
          "enabled",
          "not failing",
          "subscription.createdwebhook_endpoint.disabled",
        ]);
        expect(await page.getByText(url).getAttribute("title")).toBe(url);
        await expectAccessible();
      });

      test("the audit trail tells who has changed which fields, also of the limits", async () => {
        const { id, token } = await portico.partnerWithToken();
        await change(id, { name: "Red Bicycle", email: `${id.toLowerCase()}@partner.example` });
        await portico.call("PATCH", `/v1/partners/${id}`, { token, json: { expiryNotice: "P3D" } });
        await change(id, { limits: { requestsPerSecond: 20, burst: 100, requestsPerMonth: 1_000_000 } });
        await visit(`#/partners/${id}`);
        await tab("Audit trail").click();
        await expectEventually(() => rows().count(), 4);
        const cells = async (row: number) => (await rows().nth(row).locator("td").allTextContents()).slice(1);
        const changed = "partners.change";
        await expectEventually(
          () => cells(0),
          ["root", changed, "burst: none → 100requestsPerMonth: none → 1,000,000requestsPerSecond: none → 20"],
        );
        expect(await cells(1)).toEqual(["the partner", changed, "expiryNotice: P7D → P3D"]);
        expect(await cells(2)).toEqual([
          "root",
          changed,
          "email: changed, values not shownname: Blue Bicycle → Red Bicycle",
        ]);
        expect(await cells(3)).toEqual(["root", "partners.register", expect.stringContaining("name: Blue Bicycle")]);
        await expectAccessible();
        await rows().first().getByRole("link", { name: "root" }).click();
        await heading(/^Root/).waitFor();
      });
    });
  },
  undefined,
  // Each process adds what it has counted with a later call, and with one process that is the next one.
  () => Portico.start({ processesPerFunction: 1 }),
);
