/**
 * The console in a browser, for tests: one Portico and one browser per test file, and the page that the current test uses.
 * The exported bindings follow the current test.
 */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import {
  accessibilityFindings,
  describeInBrowser,
  openPage,
  overflow,
  startBrowser,
  type WatchedPage,
} from "./browser.ts";
import { Portico } from "./portico.ts";
import { eventually } from "./waiting.ts";

export let portico: Portico;
export let watched: WatchedPage;
export let page: Page;

let browser: Browser;

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };

/** `describe` with a Portico and a browser. @param prepare fills the Portico @param start starts it */
export function describeConsole(
  title: string,
  tests: () => void,
  prepare?: () => Promise<unknown>,
  start = () => Portico.start(),
): void {
  describeInBrowser(title, () => {
    beforeAll(async () => {
      [portico, browser] = await Promise.all([start(), startBrowser()]);
      await prepare?.();
    });
    afterAll(async () => {
      await browser?.close();
      await portico?.close();
    });
    tests();
  });
}

/** Runs the tests on a desktop and on a phone. */
export function describeBothWidths(tests: (viewport: typeof desktop) => void): void {
  describe.each([
    ["desktop", desktop],
    ["phone", phone],
  ])("at the width of a %s", (_name, viewport) => tests(viewport));
}

async function openConsole(options: BrowserContextOptions): Promise<void> {
  watched = await openPage(browser, { permissions: ["clipboard-read", "clipboard-write"], ...options });
  ({ page } = watched);
  await page.goto(`${portico.url}/console`);
}

/** Opens the console for each test of the block and fails a test whose page reports a fault. */
export function useConsole(options: BrowserContextOptions): void {
  beforeEach(() => openConsole(options));
  afterEach(async () => {
    await page.context().close();
    expect(watched.faults).toEqual([]);
  });
}

/** Opens the console once for the block and signs root in. */
export function useSession(options: BrowserContextOptions): void {
  beforeAll(async () => {
    await openConsole(options);
    await signIn();
    await page.getByRole("navigation", { name: "Sections" }).waitFor();
  });
  afterEach(async () => {
    // Leaving the view closes what the test has left open.
    await page.evaluate('location.hash = "#/"');
    await heading("Not found").waitFor();
    expect(watched.faults.splice(0)).toEqual([]);
  });
  afterAll(() => page.context().close());
}

export const button = (name: string | RegExp): Locator => page.getByRole("button", { name });
export const dialog = (): Locator => page.getByRole("dialog");
export const heading = (name: string | RegExp): Locator => page.getByRole("heading", { level: 1, name });
export const said = (): Locator => page.locator(".messages [role=status]");
export const complained = (): Locator => page.locator(".messages [role=alert]");
export const rows = (): Locator => page.locator("tbody tr");

export async function signIn({ username, password } = portico.host.rootSignIn!): Promise<void> {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await button("Sign in").click();
}

/** Shows a view. Signs root in if nobody is signed in. */
export async function visit(hash: string): Promise<void> {
  await page.evaluate(`location.hash = "${hash}"`);
  if ((await page.getByLabel("Password").count()) > 0) await signIn();
  await page.getByRole("navigation", { name: "Sections" }).waitFor();
}

/** Clicks a button of the open dialog. */
export async function answer(name: string): Promise<void> {
  await dialog().getByRole("button", { name }).click();
}

/** Fills fields of the open dialog by their labels. */
export async function fill(values: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await dialog().getByLabel(label, { exact: true }).fill(value);
}

/** Waits for an error at a field of the open dialog and returns it. */
export async function errorAt(label: string): Promise<string> {
  const input = dialog().getByLabel(label, { exact: true });
  await expectEventually(() => input.getAttribute("aria-invalid"), "true");
  const described = (await input.getAttribute("aria-describedby"))!.split(" ").map((id) => `#${id}`);
  return (await page.locator(described.at(-1)!).textContent())!;
}

export const focusedText = (): Promise<string> => page.evaluate<string>("document.activeElement.textContent");

export async function expectAccessible(): Promise<void> {
  expect(await accessibilityFindings(page)).toEqual([]);
  expect(await overflow(page)).toBe(0);
}

export async function expectSaid(text: string): Promise<void> {
  await expectEventually(() => said().textContent(), text);
}

/** Reads until the value is as expected, and shows the difference if it never is. */
export async function expectEventually(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  let last: unknown;
  const matches = (value: unknown): boolean => {
    last = value;
    try {
      expect(value).toEqual(expected);
      return true;
    } catch {
      return false;
    }
  };
  await eventually(read, matches).catch(() => expect(last).toEqual(expected));
}
