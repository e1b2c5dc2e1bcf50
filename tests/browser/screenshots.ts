/**
 * `npm run screenshots`: writes the images of the README to `docs/images`. It uses a Portico in memory with sample data, and
 * needs a browser, as the browser tests do.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { startHost } from "../../infra/local/host.ts";
import { projectRoot, synthesise } from "../../infra/local/commands/synthesise.ts";
import { startBrowser } from "../support/browser.ts";

const images = join(projectRoot, "docs/images");
const desktop = { width: 1100, height: 860 };
const phone = { width: 360, height: 760 };

/** Sends a POST with JSON or a form. Throws unless it succeeds. */
type Call = (path: string, body: object, token?: string) => Promise<any>;

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portico-screenshots-"));
  try {
    await synthesise(folder);
    const host = await startHost({ assembly: folder });
    const browser = await startBrowser();
    try {
      await mkdir(images, { recursive: true });
      const { username, password } = host.rootSignIn!;
      const partner = await fill(caller(host.url), { username, password });
      const shots: readonly (readonly [name: string, viewport: typeof desktop, hash: string, until: string])[] = [
        ["console-partner", desktop, `#/partners/${partner}`, "customer-4711"],
        ["console-phone", phone, `#/partners/${partner}`, "customer-4711"],
      ];
      for (const [name, viewport, hash, until] of shots) {
        const page = await browser.newPage({ viewport });
        await page.goto(`${host.url}/console${hash}`);
        await page.getByLabel("Username").fill(username);
        await page.getByLabel("Password").fill(password);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByText(until).waitFor();
        await shoot(page, name);
      }
      const docs = await browser.newPage({ viewport: desktop });
      await docs.goto(`${host.url}/docs/pages/partner-api#subscriptionsCreate`);
      await docs.getByText("Sells a subscription to a user").waitFor();
      await shoot(docs, "docs");
    } finally {
      await browser.close();
      await host.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(images, `${name}.png`);
  await page.screenshot({ path });
  console.log(path);
  await page.close();
}

function caller(url: string): Call {
  return async (path, body, token) => {
    const isForm = body instanceof URLSearchParams;
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: {
        ...(!isForm && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: isForm ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return await response.json();
  };
}

/** Registers a partner with subscriptions. @returns its id */
async function fill(call: Call, root: object): Promise<string> {
  const { accessToken } = await call("/v1/auth/login", root);
  const fields = {
    name: "Blue Bicycle",
    websiteUrl: "https://bluebicycle.example",
    email: "api@bluebicycle.example",
  };
  const { clientId, clientSecret } = await call("/v1/partners", fields, accessToken);
  const credentials = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
  const { access_token: token } = await call("/oauth/token", new URLSearchParams(credentials));
  for (const [externalUserId, userEmail, duration, startsAt] of [
    ["customer-4711", "grace@example.com", "P1M", undefined],
    ["customer-4712", "ada@example.com", "P1Y", undefined],
    ["customer-4713", "mary@example.com", "P2W", "2096-01-01T00:00:00Z"],
  ]) {
    await call("/v1/subscriptions", { externalUserId, userEmail, duration, startsAt }, token);
  }
  return clientId;
}

await main();
