/** Coupons in the console. */
import { randomUUID } from "node:crypto";
import type { Locator } from "playwright-core";
import {
  answer,
  button,
  describeBothWidths,
  describeConsole,
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
  useSession,
  visit,
} from "../support/console.ts";
import { newUser, sessionOf } from "../support/people.ts";

/** Creates a coupon as root. @returns its id and code */
async function newCoupon(fields: Readonly<Record<string, unknown>>): Promise<{ id: string; code: string }> {
  const code = randomUUID().slice(0, 20);
  const json = { name: "Museum", value: 3, code, quantity: 5, expiresAt: "2096-01-01T00:00:00Z", ...fields };
  const { body } = await portico.call("POST", "/v1/coupons", { token: await portico.rootToken(), json });
  return { id: body.id, code };
}

/** The value of a fact on the page, by its label. */
const fact = (label: string): Locator =>
  page.locator("dl > div", { has: page.getByText(label, { exact: true }) }).locator("dd");

describeConsole("coupons in the console", () => {
  describeBothWidths((viewport) => {
    useSession({ viewport });

    test("a coupon is created, changed, switched off and switched on again", async () => {
      const name = `Spring ${randomUUID().slice(0, 8)}`;
      const code = randomUUID().slice(0, 20);
      await visit("#/coupons");
      await heading("Coupons").waitFor();
      await button("Create a coupon").click();
      await fill({ Name: name, Code: "abc", "Price in credit": "3", Quantity: "0", Ends: "2096-01-01T00:00" });
      await expectAccessible();
      await answer("Create");
      expect([await errorAt("Code"), await errorAt("Quantity")]).toEqual([
        expect.stringMatching(/4/),
        expect.stringMatching(/1/),
      ]);
      await fill({ Code: code, Quantity: "50" });
      await answer("Create");
      await expectSaid(`${name} is created.`);
      await heading(`${name} active`).waitFor();
      await expectAccessible();
      await button("Switch off").click();
      await expectSaid(`${name} is switched off.`);
      await heading(`${name} off`).waitFor();
      expect(await focusedText()).toBe("Switch on");
      await button("Switch on").click();
      await expectSaid(`${name} is switched on.`);
      await button("Edit").click();
      await fill({ Quantity: "60" });
      await answer("Save");
      await expectSaid("The coupon is changed.");
      expect(await fact("Left").textContent()).toBe("60");
      // The audit trail, with the latest change first.
      await expectEventually(() => rows().count(), 4);
      await expectEventually(
        () => rows().first().locator("td").allTextContents(),
        [expect.any(String), "root", "coupons.change", expect.stringContaining("quantity: 50 → 60")],
      );
      await expectAccessible();
      await visit("#/coupons");
      await button("Create a coupon").click();
      await fill({ Name: name, Code: code, "Price in credit": "3", Quantity: "1", Ends: "2096-01-01T00:00" });
      await answer("Create");
      expect(await errorAt("Code")).toMatch(/code/i);
    });

    test("a coupon without stock is shown as sold out, with its numbers", async () => {
      const name = `${"Long".repeat(15)} ${randomUUID().slice(0, 8)}`;
      const { id, code } = await newCoupon({ name, quantity: 1 });
      const user = await newUser(portico, { credit: 10 });
      const { accessToken } = await sessionOf(portico, user);
      const redemption = await portico.call("POST", "/v1/coupons/redeem", { token: accessToken, json: { code } });
      expect(redemption.status).toBe(201);
      await visit(`#/coupons?search=${encodeURIComponent(name.slice(-8))}`);
      await page.getByText("No coupons begin with this text.").waitFor();
      await page.getByLabel("Search by name or id").fill(name.toUpperCase());
      await expectEventually(() => rows().count(), 1);
      expect(new URL(page.url()).hash).toContain("search=");
      await page.getByLabel("Search by name or id").fill(id);
      await expectEventually(() => rows().count(), 1);
      expect(await rows().first().textContent()).toMatch(/sold out.*0 of 1/);
      await expectAccessible();
      await rows().first().getByRole("link", { name }).click();
      await heading(`${name} sold out`).waitFor();
      const facts = await Promise.all(["Redeemed", "Left", "Credit spent on it"].map((one) => fact(one).textContent()));
      expect(facts).toEqual(["1 of 1", "0", "3"]);
      await expectAccessible();
      await button(/^cpn_/).click();
      await expectSaid("Coupon id copied.");
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe(id);
    });
  });
});
