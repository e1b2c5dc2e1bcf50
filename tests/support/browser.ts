/** Finds and starts a real browser for tests, and watches its pages. */
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

/** The program in `PORTICO_CHROMIUM`, or else the first of the usual paths; undefined without a browser. */
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

/** `describe` for tests in a browser. Without a browser they are skipped with a message; in CI they fail. */
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

/** Starts the browser; the caller closes it. */
export async function startBrowser(): Promise<Browser> {
  // Chromium's own sandbox does not run for root, as in a container; the pages are our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath: findBrowser() ?? "", args });
}

/** A page with its faults: errors in its console, exceptions, and violations of its content security policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly faults: string[];
}

/** A page with its own empty storage and cookies. */
export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // The browser logs every unsuccessful response; those of the API are intended.
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

/** Serious and critical findings of axe by WCAG 2.2 AA on the current page, one line each. */
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
