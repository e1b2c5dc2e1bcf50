/** Partners in the console. */
import { randomUUID } from "node:crypto";
import {
  answer,
  button,
  complained,
  describeBothWidths,
  describeConsole,
  desktop,
  dialog,
  errorAt,
  expectAccessible,
  expectEventually,
  expectSaid,
  fill,
  focusedText,
  heading,
  page,
  portico,
  rows,
  useConsole,
  useSession,
  visit,
  watched,
} from "../support/console.ts";
import { inParallel } from "../support/portico.ts";
import { eventually } from "../support/waiting.ts";

const hash = (): Promise<string> => page.evaluate<string>("location.hash");

const newEmail = (): string => `${randomUUID()}@partner.example`;

describeConsole(
  "partners in the console",
  () => {
    describeBothWidths((viewport) => {
      useSession({ viewport });

      test("a registration shows errors at their fields, and the secret once, with copy buttons", async () => {
        const { email } = await portico.registerPartner();
        await visit("#/partners");
        await button("Register a partner").click();
        await fill({ Name: "<script>alert(1)</script><img src=x onerror=alert(1)>", Website: "http://shop.example" });
        await expectAccessible();
        await answer("Register");
        expect(await errorAt("Website")).toBe("Must be a URL that begins with https://.");
        expect(await errorAt("E-mail")).toBe("Must be an e-mail address.");
        expect(await page.evaluate("document.activeElement.name")).toBe("websiteUrl");
        expect(await dialog().getByLabel("Name").getAttribute("aria-invalid")).toBeNull();
        await expectAccessible();
        await fill({ Website: "https://shop.example", "E-mail": email.toUpperCase() });
        await answer("Register");
        expect(await errorAt("E-mail")).toBe("Another partner has this e-mail address.");
        await fill({ "E-mail": newEmail() });
        await answer("Register");
        await dialog().getByText("It is shown once").waitFor();
        await expectAccessible();
        const secret = await dialog().getByLabel("Client secret", { exact: true }).inputValue();
        const id = await dialog().getByLabel("Client id", { exact: true }).inputValue();
        await answer("Copy Client secret");
        await dialog().getByText("Client secret copied.").waitFor();
        expect(await page.evaluate("navigator.clipboard.readText()")).toBe(secret);
        // Escape must not close the dialog by mistake.
        await page.keyboard.press("Escape");
        await page.keyboard.press("Escape");
        expect(await dialog().count()).toBe(1);
        await answer("I have saved it");
        await heading(/^<script>alert\(1\)<\/script><img/).waitFor();
        expect(await page.content()).not.toContain(secret);
        expect((await portico.requestToken({ id, secret })).status).toBe(200);
      });

      test("partners are listed in pages, searched and sorted, and the address keeps it", async () => {
        const search = page.getByLabel("Search by name, e-mail or id");
        await visit("#/partners");
        await expectEventually(() => rows().count(), 100);
        await page.getByText("100 loaded, there are more").waitFor();
        await expectAccessible();
        await button("Load more").click();
        await eventually(
          () => rows().count(),
          (count) => count > 100,
        );
        expect(await hash()).toBe("#/partners?pages=2");
        await search.fill("SHOP 10");
        // 10 and 100: what begins with the text, in any case.
        await expectEventually(() => rows().count(), 2);
        expect(await hash()).toBe("#/partners?search=SHOP+10");
        await rows().getByRole("link", { name: "Shop 100" }).click();
        await heading(/^Shop 100/).waitFor();
        await page.goBack();
        await heading("Partners").waitFor();
        expect(await search.inputValue()).toBe("SHOP 10");
        await expectEventually(() => rows().count(), 2);
        await search.fill("nothing has this name");
        await page.getByText("No partners begin with this text.").waitFor();
        await expectAccessible();
        await search.fill("");
        await expectEventually(() => rows().count(), 100);
        await page.getByLabel("Order").selectOption("by name");
        await expectEventually(() => hash(), "#/partners?sort=name");
        await expectEventually(
          async () => (await rows().getByRole("link").allTextContents()).find((name) => name.startsWith("Shop")),
          "Shop 0",
        );
      });
    });

    describe("on a desktop", () => {
      useSession({ viewport: desktop });

      test("suspending a partner ends its tokens; the button keeps the focus when it turns into Resume", async () => {
        const { id, secret, token } = await portico.partnerWithToken();
        const status = async () => (await portico.call("GET", "/v1/partners/me", { token })).status;
        await visit(`#/partners/${id}`);
        await button("Suspend").click();
        await expectAccessible();
        await answer("Suspend");
        await expectSaid("Blue Bicycle is suspended.");
        await heading("Blue Bicycle suspended").waitFor();
        expect(await status()).toBe(401);
        expect((await portico.requestToken({ id, secret })).status).toBe(401);
        await button("Resume").focus();
        await page.keyboard.press("Enter");
        await expectSaid("Blue Bicycle is active again. It needs a new token.");
        expect(await focusedText()).toBe("Suspend");
        expect((await portico.requestToken({ id, secret })).status).toBe(200);
      });

      test("tokens are revoked after a confirmation, which Escape cancels", async () => {
        const { id, token } = await portico.partnerWithToken();
        const status = async () => (await portico.call("GET", "/v1/partners/me", { token })).status;
        await visit(`#/partners/${id}`);
        await button("Revoke tokens").click();
        await expectAccessible();
        expect(await focusedText()).toBe("Cancel");
        await page.keyboard.press("Escape");
        await dialog().waitFor({ state: "detached" });
        expect(await focusedText()).toBe("Revoke tokens");
        expect(await status()).toBe(200);
        await button("Revoke tokens").click();
        await answer("Revoke tokens");
        await expectSaid("The tokens are revoked.");
        expect(await status()).toBe(401);
      });

      test("a new secret is created, and the old one works for the chosen grace period", async () => {
        const { id, secret } = await portico.registerPartner();
        const make = async (grace: string): Promise<string> => {
          await button("New secret").click();
          await dialog().getByLabel("The current secret works").selectOption(grace);
          await answer("Create the secret");
          const shown = await dialog().getByLabel("Client secret", { exact: true }).inputValue();
          await answer("I have saved it");
          await expectSaid("The secret is replaced.");
          return shown;
        };
        const works = async (one: string) => (await portico.requestToken({ id, secret: one })).status;
        await visit(`#/partners/${id}`);
        const second = await make("for 1 more day");
        expect([await works(secret), await works(second)]).toEqual([200, 200]);
        const third = await make("no longer");
        expect([await works(second), await works(third)]).toEqual([401, 200]);
      });

      test("a partner's subscriptions are listed and filtered by status", async () => {
        const { id, token } = await portico.partnerWithToken();
        for (const [externalUserId, startsAt] of [
          ["now", undefined],
          ["later", "2096-01-01T00:00:00Z"],
        ]) {
          const json = { externalUserId, userEmail: "grace@example.com", duration: "P1M", startsAt };
          await portico.call("POST", "/v1/subscriptions", { token, json });
        }
        await visit(`#/partners/${id}`);
        await expectEventually(() => rows().count(), 2);
        await expectAccessible();
        await page.getByLabel("Status").selectOption("scheduled");
        await expectEventually(() => rows().count(), 1);
        expect(await rows().first().textContent()).toMatch(/later.*1 Jan 2096, *\d\d:\d\d (UTC|GMT|[A-Z]+)/);
        expect(await hash()).toBe(`#/partners/${id}?status=scheduled`);
        await page.getByLabel("Status").selectOption("cancelled");
        await page.getByText("There are no subscriptions here.").waitFor();
      });

      test("a subscription is found by its customer and its id, cancelled, and its e-mail address erased", async () => {
        const { id, token } = await portico.partnerWithToken();
        for (const externalUserId of ["a:1", "b@2", "b~3"]) {
          const json = { externalUserId, userEmail: "grace@example.com", duration: "P1M" };
          await portico.call("POST", "/v1/subscriptions", { token, json });
        }
        const { body: sold } = await portico.call("GET", "/v1/subscriptions/a:1", { token });
        const search = page.getByLabel("External user or subscription id");
        await visit(`#/partners/${id}`);
        await search.fill("b");
        await expectEventually(() => rows().count(), 2);
        await search.fill(sold.id);
        await expectEventually(() => rows().count(), 1);
        await rows().getByRole("link", { name: "a:1" }).click();
        await heading("a:1 active").waitFor();
        await expectAccessible();
        await button("Erase the e-mail").click();
        await answer("Erase");
        await expectSaid("The e-mail address is erased.");
        await button("Cancel the subscription").click();
        await answer("Cancel the subscription");
        await expectSaid("The subscription is cancelled.");
        await heading("a:1 cancelled").waitFor();
        await expectEventually(() => rows().count(), 3);
        const { body } = await portico.call("GET", "/v1/subscriptions/a:1", { token });
        expect(body).toMatchObject({ status: "cancelled", userEmail: "" });
        await page.evaluate(`location.hash = "#/partners/${id}/subscriptions/nobody"`);
        await heading("Subscription not found").waitFor();
        await page.getByRole("link", { name: "← The partner" }).click();
        await heading(/^Blue Bicycle/).waitFor();
      });

      test("a partner's companies are listed, read and deleted", async () => {
        const { id, token } = await portico.partnerWithToken();
        const bankAccounts = [{ agency: "0001", accountNumber: "123456X", bankCode: "341" }];
        const json = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "1234567890.12", bankAccounts };
        await portico.call("POST", "/v1/companies", { token, json });
        await visit(`#/partners/${id}`);
        await page.getByRole("link", { name: "Companies" }).click();
        const search = page.getByLabel("Search by name or id");
        await search.fill("aurora");
        await page.getByText("No companies begin with this text.").waitFor();
        await search.fill("padaria a");
        await rows().getByRole("link", { name: "Padaria Aurora" }).click();
        await heading("Padaria Aurora").waitFor();
        await expectEventually(() => rows().count(), 1);
        await page.getByText("1,234,567,890.12").waitFor();
        await expectAccessible();
        await button("Delete").click();
        await answer("Delete");
        await expectSaid("Padaria Aurora is deleted.");
        await page.getByText("The partner has no companies.").waitFor();
      });

      test("a partner is off-boarded after its name is typed, in as many calls as it takes, and then deleted", async () => {
        const { id, token } = await portico.partnerWithToken();
        const json = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1M" };
        await portico.call("POST", "/v1/subscriptions", { token, json });
        // The first answer says that more is left, as it does for more than 500.
        let calls = 0;
        const keys = new Set<string | undefined>();
        await page.route(`**/v1/partners/${id}/off-board`, async (route) => {
          keys.add(route.request().headers()["idempotency-key"]);
          const response = await route.fetch();
          const body = (await response.json()) as object;
          await route.fulfill({ response, json: ++calls === 1 ? { ...body, done: false } : body });
        });
        await visit(`#/partners/${id}`);
        await button("Off-board").click();
        await fill({ "Type the partner's name": "Blue" });
        await answer("Off-board");
        expect(await errorAt("Type the partner's name")).toBe("Must be the partner's name, letter by letter.");
        await expectAccessible();
        await fill({ "Type the partner's name": "Blue Bicycle" });
        await answer("Off-board");
        await expectSaid(
          "Blue Bicycle is off-boarded: 1 subscription cancelled and 0 companies deleted. It can be deleted now.",
        );
        expect([calls, keys.size]).toEqual([2, 2]);
        await heading("Blue Bicycle suspended").waitFor();
        await button("Delete").click();
        await answer("Delete");
        await expectSaid("Blue Bicycle is deleted.");
        await page.unrouteAll();
      });

      test("a partner is deleted only without live subscriptions", async () => {
        const { id, token } = await portico.partnerWithToken();
        const json = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1M" };
        await portico.call("POST", "/v1/subscriptions", { token, json });
        await visit(`#/partners/${id}`);
        await button("Delete").click();
        await answer("Delete");
        await dialog()
          .getByText(/live subscriptions/)
          .last()
          .waitFor();
        await portico.call("DELETE", "/v1/subscriptions/u1", { token });
        await answer("Delete");
        await expectSaid("Blue Bicycle is deleted.");
        await heading("Partners").waitFor();
        await page.evaluate(`location.hash = "#/partners/${id}"`);
        await heading("Partner not found").waitFor();
        expect(await complained().textContent()).toBe("");
        await expectAccessible();
        await page.getByRole("link", { name: "← Partners" }).click();
        await heading("Partners").waitFor();
      });
    });

    describe("with other callers and lost responses", () => {
      useConsole({ viewport: desktop });

      test("a change is refused when somebody else was first, and the current state is shown", async () => {
        const { id } = await portico.registerPartner();
        const token = await portico.rootToken();
        await visit(`#/partners/${id}`);
        await button("Edit").click();
        await expectAccessible();
        await portico.call("PATCH", `/v1/partners/${id}`, { token, json: { name: "Red Bicycle" } });
        await fill({ Name: "Green Bicycle" });
        await answer("Save");
        await heading("Red Bicycle active").waitFor();
        await expectEventually(() => complained().textContent(), expect.stringContaining("Somebody else changed this"));
        await button("Edit").click();
        await fill({ Name: "Green Bicycle" });
        await answer("Save");
        await expectSaid("The partner is changed.");
        await heading("Green Bicycle active").waitFor();
      });

      test("a registration with a lost response happens once and asks for a new secret", async () => {
        await visit("#/partners");
        await page.route(
          "**/v1/partners",
          async (route) => {
            await route.fetch();
            await route.abort();
          },
          { times: 1 },
        );
        await button("Register a partner").click();
        const email = newEmail();
        await fill({ Name: "Lost", Website: "https://lost.example", "E-mail": email });
        await answer("Register");
        await heading("Lost active").waitFor();
        await expectEventually(() => complained().textContent(), expect.stringContaining("Create a new secret."));
        watched.faults.splice(0, 1);
        expect(await button("New secret").count()).toBe(1);
      });
    });
  },
  async () => {
    await portico.rootToken();
    // One more than a page of 100.
    await inParallel(101, (index) => portico.registerPartner({ name: `Shop ${index}` }));
  },
);
