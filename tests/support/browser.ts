/** A real browser for tests: finds it, starts it and watches its pages. */
import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const usualPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const remedy =
  "Install Chromium (apt-get install chromium), or name a Chromium or Chrome: PORTICO_CHROMIUM=/path npm test";

/** The browser that `PORTICO_CHROMIUM` names, otherwise the first one in the usual places. */
export function findBrowser(): string | undefined {
  const named = process.env.PORTICO_CHROMIUM;
  return named ?? usualPlaces.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `describe` for tests in a browser. Without a browser the tests are skipped with a message; in CI they fail. */
export function describeInBrowser(title: string, tests: () => void): void {
  if (findBrowser() !== undefined) {
    describe(title, tests);
  } else if (process.env.CI === "true") {
    test(title, () => {
      throw new Error(`There is no browser. ${remedy}`);
    });
  } else {
    process.stderr.write(`\nSKIPPED, because there is no browser: ${title}. ${remedy}\n\n`);
    describe.skip(title, tests);
  }
}

/** Starts the browser. The caller closes it. */
export async function startBrowser(): Promise<Browser> {
  // Chromium's sandbox does not run as root, for example in a container. The tests load our own pages only.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath: findBrowser() ?? "", args });
}

/** A page with the faults that it reports: console errors, exceptions and violations of the content security policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly faults: string[];
}

/** Opens a page in a new context, without storage or cookies of other pages. */
export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  const page = await context.newPage();
  // A busy machine is slow; nothing asserts on the time.
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // The browser logs every failed response, but tests provoke refusals of the API.
    const isRefusal =
      message.text().startsWith("Failed to load resource") && /\/(v1|oauth)\//.test(message.location().url);
    if (["error", "warning"].includes(message.type()) && !isRefusal) faults.push(`console: ${message.text()}`);
  });
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>" +
      "console.error(`content security policy: ${effectiveDirective} ${blockedURI}`));",
  );
  return { page, faults };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The serious and critical findings of axe on the current page by WCAG 2.2 AA, one line each. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axeSource);
  const { violations } = await page.evaluate<{ violations: any[] }>(
    "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }: { html: string }) => html).join(" ")}`);
}

/** The number of pixels by which the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
