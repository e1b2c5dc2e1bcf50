/** The docs and the problem pages, in a real browser against a running Portico. */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { operations } from "../../shared/operations.ts";
import {
  accessibilityFindings,
  describeInBrowser,
  openPage,
  overflow,
  startBrowser,
  type WatchedPage,
} from "../support/browser.ts";
import { Portico } from "../support/portico.ts";
import { eventually } from "../support/waiting.ts";

let portico: Portico;
let browser: Browser;
/** Differs from the URL in the contract, because a person may type `localhost` instead of `127.0.0.1`. */
let origin: string;

const desktop = { width: 1280, height: 800 };

let watched: WatchedPage;
let page: Page;
let foreign: string[];

/** Opens a page for each test of the block and fails a test whose page reports a fault or calls another host. */
function usePage(path: string, options: BrowserContextOptions): void {
  beforeEach(async () => {
    watched = await openPage(browser, options);
    ({ page } = watched);
    foreign = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:")) foreign.push(request.url());
    });
    await page.goto(`${origin}${path}`);
  });
  afterEach(async () => {
    await page.context().close();
    expect({ faults: watched.faults, foreign }).toEqual({ faults: [], foreign: [] });
  });
}

const button = (name: string): Locator => page.getByRole("button", { name, exact: true });

async function expectAccessible(): Promise<void> {
  expect(await accessibilityFindings(page)).toEqual([]);
  expect(await overflow(page)).toBe(0);
}

/** Sends a request without changes. @returns the status and the body that the page shows */
async function tryOut(id: string): Promise<{ status: string; body: string }> {
  const operation = page.locator(`[id="operations-${id}"]`);
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  return await execute(operation);
}

async function execute(operation: Locator): Promise<{ status: string; body: string }> {
  await operation.getByRole("button", { name: "Execute" }).click();
  const answer = operation.locator(".live-responses-table .response").first();
  await answer.waitFor();
  return {
    status: (await answer.locator(".response-col_status").textContent())!.trim(),
    body: (await answer.locator(".highlight-code code").first().textContent())!,
  };
}

async function signIn({ username, password } = portico.host.rootSignIn!): Promise<void> {
  await page.getByLabel("Username", { exact: true }).fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await button("Sign in").click();
}

async function expectStatus(text: string | RegExp): Promise<void> {
  await page.locator(".sign-in [role=status]", { hasText: text }).waitFor();
}

/** Signs in. @returns the page's access token */
async function signInWithToken(): Promise<string> {
  const answer = page.waitForResponse((response) => response.url().endsWith("/v1/auth/login"));
  await signIn();
  const { accessToken } = (await (await answer).json()) as { accessToken: string };
  await expectStatus("Signed in as root, role root.");
  return accessToken;
}

const isRefused = (token: string): Promise<number> =>
  eventually(
    async () => (await portico.call("GET", "/v1/users/me", { token })).status,
    (code) => code === 401,
  );

describeInBrowser("the docs", () => {
  beforeAll(async () => {
    [portico, browser] = await Promise.all([Portico.start(), startBrowser()]);
    origin = `http://localhost:${new URL(portico.url).port}`;
  });
  afterAll(async () => {
    await browser?.close();
    await portico?.close();
  });

  describe.each([
    ["on a desktop", { viewport: desktop }],
    ["on a phone, in the dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" as const }],
  ])("%s", (_name, options) => {
    usePage("/docs", options);

    test("all operations are shown, and client credentials authorize calls to the page's own origin", async () => {
      const { id, secret } = await portico.registerPartner();
      await button("Authorize").click();
      expect(await page.title()).toBe("API reference · Portico");
      expect(await page.locator(".opblock").count()).toBe(operations.length);
      const dialog = page.locator(".dialog-ux");
      expect(await page.evaluate("document.activeElement.dataset.name")).toBe("clientId");
      expect(await page.locator(".modal-ux-content").evaluate((content: any) => content.scrollTop)).toBe(0);
      await dialog.getByLabel("client_id").fill(id);
      await dialog.getByLabel("client_secret").fill(secret);
      await expectAccessible();
      await dialog.getByRole("button", { name: "Authorize" }).first().click();
      await dialog.getByRole("button", { name: "Logout" }).waitFor();
      await dialog.getByRole("button", { name: "Close" }).last().click();
      const { status, body } = await tryOut("Partners-partnersSelf");
      expect(status).toBe("200");
      expect(body).toContain(id);
      await expectAccessible();
    });

    test("an opened schema has no serious fault", async () => {
      await page.getByRole("button", { name: "Schemas" }).click();
      const schema = page.locator(".json-schema-2020-12").first();
      await schema.getByRole("button", { name: "Expand all" }).click();
      await schema.getByText("The page that explains the code").waitFor();
      await expectAccessible();
      await page.locator('[id="operations-Subscriptions-subscriptionsCreate"] .opblock-summary-control').click();
      const operation = page.locator('[id="operations-Subscriptions-subscriptionsCreate"]');
      await operation.getByText("Schema", { exact: true }).first().click();
      await operation.getByRole("button", { name: "Expand all" }).first().click();
      await operation.getByRole("button", { name: "Collapse all" }).first().waitFor();
      await expectAccessible();
    });
  });

  describe("at any width", () => {
    usePage("/docs", { viewport: desktop });

    test("a user can sign in, call an operation and sign out", async () => {
      await portico.registerPartner({ name: "Red Bicycle" });
      const token = await signInWithToken();
      const { status, body } = await tryOut("Partners-partnersList");
      expect(status).toBe("200");
      expect(body).toContain("Red Bicycle");
      await button("Sign out").click();
      await expectStatus("Signed out.");
      expect(await isRefused(token)).toBe(401);
      expect((await execute(page.locator('[id="operations-Partners-partnersList"]'))).status).toBe("401");
    });

    test("the address of an operation opens it", async () => {
      const summary = page.locator('[id="operations-Subscriptions-subscriptionsCreate"] .opblock-summary-control');
      await summary.focus();
      await page.keyboard.press("Enter");
      await eventually(
        async () => new URL(page.url()).hash,
        (hash) => hash === "#/Subscriptions/subscriptionsCreate",
      );
      await page.reload();
      await page.getByText("Sells a subscription to a user").waitFor();
      expect(await summary.getAttribute("aria-expanded")).toBe("true");
      await expectAccessible();
    });

    test("a wrong password is refused; tokens are in memory only and end with the page or in its dialog", async () => {
      await signIn({ username: "nobody", password: "a wrong password" });
      await page.locator(".failure", { hasText: "The username or the password is wrong." }).waitFor();
      expect(await button("Sign out").isVisible()).toBe(false);
      const first = await signInWithToken();
      expect(await page.locator(".failure").textContent()).toBe("");
      await button("Authorize").click();
      await page.locator(".dialog-ux").getByRole("button", { name: "Logout" }).click();
      await expectStatus("Signed out.");
      expect(await isRefused(first)).toBe(401);
      await page.locator(".dialog-ux").getByRole("button", { name: "Close" }).last().click();
      const second = await signInWithToken();
      const stored = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])";
      expect(await page.evaluate(stored)).toBe('[{},{},""]');
      await page.reload();
      expect(await page.locator(".sign-in [role=status]").textContent()).toBe("");
      expect(await isRefused(second)).toBe(401);
    });
  });

  describe.each([
    ["on a phone", { viewport: { width: 360, height: 740 } }],
    ["in dark mode", { viewport: desktop, colorScheme: "dark" as const }],
  ])("%s", (_name, options) => {
    usePage("/problems", options);

    test("the problem pages have no serious fault", async () => {
      await expectAccessible();
      await page.getByRole("link", { name: "validation_failed" }).click();
      await page.getByRole("heading", { level: 1, name: "Some fields are invalid" }).waitFor();
      await expectAccessible();
    });
  });
});
