/** The docs and the problem pages, in a real browser against a running Portico. */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { audiencesOf } from "../../infra/site/reference.ts";
import { operations } from "../../shared/operations.ts";
import { pageNames } from "../../shared/web/docs/pages.ts";
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
const phone = { width: 360, height: 740 };

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

/** Sends the request of an operation's form. @returns the status line and the answer that the page shows */
async function send(id: string): Promise<{ status: string; answer: string }> {
  const operation = page.locator(`#${id}`);
  const details = operation.locator("details", { has: page.locator("form.try") });
  if ((await details.getAttribute("open")) === null) await details.locator("summary").first().click();
  await operation.getByRole("button", { name: "Send" }).click();
  const answer = operation.locator(".answer");
  await answer.waitFor();
  return {
    status: (await operation.locator(".answer-status").textContent())!,
    answer: (await answer.textContent())!,
  };
}

async function signIn({ username, password } = portico.host.rootSignIn!): Promise<void> {
  await page.getByLabel("Username", { exact: true }).fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await button("Sign in").click();
}

async function expectStatus(text: string | RegExp): Promise<void> {
  await page.locator(".token-panel [role=status]", { hasText: text }).waitFor();
}

/** Signs in. @returns the page's access token */
async function signInWithToken(): Promise<string> {
  const answer = page.waitForResponse((response) => response.url().endsWith("/v1/auth/login"));
  await signIn();
  const { accessToken } = (await (await answer).json()) as { accessToken: string };
  await expectStatus("Signed in as root, role root.");
  return accessToken;
}

/** Height of an element in pixels. */
const heightOf = (locator: Locator): Promise<number> => locator.evaluate((element: any) => element.offsetHeight);

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
    ["on a phone, in the dark", { viewport: phone, colorScheme: "dark" as const }],
  ])("%s", (_name, options) => {
    usePage("/docs/pages/partner-api", options);

    test("a partner gets a token and sends a call to the page's own origin", async () => {
      const { id, secret } = await portico.registerPartner();
      const partnerOperations = operations.filter((one) => audiencesOf(one).includes("partner-api"));
      expect(await page.locator(".operation").count()).toBe(partnerOperations.length);
      await page.getByLabel("Client id", { exact: true }).fill(id);
      await page.getByLabel("Client secret", { exact: true }).fill(`${secret}x`);
      await button("Get a token").click();
      await page.locator(".failure", { hasText: /client/i }).waitFor();
      await page.getByLabel("Client secret", { exact: true }).fill(secret);
      await button("Get a token").click();
      await expectStatus(`The page has a token of ${id}.`);
      const { status, answer } = await send("subscriptionsCreate");
      expect(status).toMatch(/^201 in \d+ ms$/);
      expect(answer).toMatch(/location: \/v1\/subscriptions\/customer-4711[\s\S]*"externalUserId": "customer-4711"/);
      const introspected = await send("oauthIntrospect");
      expect(introspected.status).toMatch(/^200 /);
      await button("Forget the token").click();
      const operation = page.locator("#subscriptionsCreate");
      await operation.getByRole("button", { name: "Send" }).click();
      await operation.locator(".answer-status", { hasText: "Get a token first" }).waitFor();
    });

    test("an operation fits the window, and has no serious fault with everything open", async () => {
      const operation = page.locator("#subscriptionsCreate");
      await operation.scrollIntoViewIfNeeded();
      expect(await heightOf(operation)).toBeLessThanOrEqual(options.viewport.height);
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      await page.evaluate(
        "for (const one of document.querySelectorAll('.operation')) one.style.contentVisibility = 'visible'",
      );
      await expectAccessible();
    });

    test("samples show every language before anything is sent", async () => {
      const operation = page.locator("#subscriptionsExtend");
      await operation.scrollIntoViewIfNeeded();
      const shown = operation.locator(".sample:visible");
      expect(await shown.textContent()).toContain(`curl -i -X PUT '${portico.url}/v1/subscriptions/customer-4711'`);
      for (const [name, text] of [
        ["JavaScript", "await fetch("],
        ["Python", "urllib.request"],
        ["Go", "package main"],
      ]) {
        await operation.getByRole("button", { name: name!, exact: true }).click();
        expect(await shown.textContent()).toContain(text);
        expect(await shown.count()).toBe(1);
      }
      expect(
        await page
          .locator("#subscriptionsCreate .sample[data-language=go]")
          .evaluate((one: any) => one.checkVisibility()),
      ).toBe(true);
    });

    test("the search leads to an operation and to a guide", async () => {
      const search = page.getByLabel("Search the docs");
      await search.fill("cancel subscr");
      await page.locator(".search li", { hasText: "Cancel a subscription Partner API" }).waitFor();
      await expectAccessible();
      await search.press("Enter");
      await eventually(
        async () => new URL(page.url()).hash,
        (hash) => hash === "#subscriptionsCancel",
      );
      await search.fill("zzzz");
      await page.getByText("Nothing found.").waitFor();
      await search.press("Escape");
      await search.fill("choose the key");
      await page.locator(".search li a", { hasText: "Choose the key" }).click();
      await page.getByRole("heading", { level: 1, name: "Idempotency and retries" }).waitFor();
      expect(new URL(page.url()).hash).toBe("#choose-the-key");
    });

    test("every guide has no serious fault", async () => {
      for (const name of [
        "",
        ...pageNames.filter((one) => !/-api$|administration/.test(one)).map((one) => `/pages/${one}`),
      ]) {
        await page.goto(`${origin}/docs${name}`);
        await page.locator("h1").waitFor();
        expect([name, await accessibilityFindings(page), await overflow(page)]).toEqual([name, [], 0]);
      }
    });
  });

  describe("for people and administrators", () => {
    usePage("/docs/pages/administration", { viewport: desktop });

    test("a person signs in and sends a call; the token is in memory only and ends with the page", async () => {
      await signIn({ username: "nobody", password: "a wrong password" });
      await page.locator(".failure", { hasText: "The username or the password is wrong." }).waitFor();
      expect(await button("Sign out").isVisible()).toBe(false);
      const first = await signInWithToken();
      expect(await page.locator(".failure").textContent()).toBe("");
      await portico.registerPartner({ name: "Red Bicycle" });
      const { status, answer } = await send("partnersList");
      expect(status).toMatch(/^200 /);
      expect(answer).toContain("Red Bicycle");
      await button("Sign out").click();
      expect(await isRefused(first)).toBe(401);
      const second = await signInWithToken();
      const stored = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])";
      expect(await page.evaluate(stored)).toBe('[{},{},""]');
      await page.reload();
      expect(await page.locator(".token-panel [role=status]").textContent()).toBe("");
      expect(await isRefused(second)).toBe(401);
    });

    test.each(["#/%", "#%", "#/Users/%E0%A4%A", '#/"]/"]'])(
      "the malformed address %s raises no fault",
      async (hash) => {
        await page.goto("about:blank");
        await page.goto(`${origin}/docs/pages/administration${hash}`);
        await page.locator(".operation").first().waitFor();
      },
    );
  });

  describe.each([
    ["on a phone", { viewport: phone }],
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
