/** The console, in a real browser against a running Portico. */
import { randomUUID } from "node:crypto";
import type { Browser, BrowserContextOptions, Locator, Page, Request } from "playwright-core";
import {
  accessibilityFindings,
  describeInBrowser,
  openPage,
  overflow,
  startBrowser,
  type WatchedPage,
} from "../support/browser.ts";
import { goodPassword, newUser, newUsername, sessionOf } from "../support/people.ts";
import { inParallel, Portico } from "../support/portico.ts";
import { eventually } from "../support/waiting.ts";

let portico: Portico;
let browser: Browser;

const newEmail = (): string => `${randomUUID()}@partner.example`;

const desktop = { width: 1280, height: 800 };
const phone = { width: 360, height: 740 };

let watched: WatchedPage;
let page: Page;

async function openConsole(options: BrowserContextOptions): Promise<void> {
  watched = await openPage(browser, { permissions: ["clipboard-read", "clipboard-write"], ...options });
  ({ page } = watched);
  await page.goto(`${portico.url}/console`);
}

/** Opens the console for every test of the block, and watches it. */
function useConsole(options: BrowserContextOptions): void {
  beforeEach(() => openConsole(options));
  afterEach(async () => {
    await page.context().close();
    expect(watched.faults).toEqual([]);
  });
}

/** The same with one page for all tests of the block, in which root is signed in. */
function useSession(options: BrowserContextOptions): void {
  beforeAll(async () => {
    await openConsole(options);
    await signIn();
    await page.getByRole("navigation").waitFor();
  });
  afterEach(async () => {
    // Whatever a test has left open is closed.
    await page.evaluate('location.hash = "#/"');
    await heading("Not found").waitFor();
    expect(watched.faults.splice(0)).toEqual([]);
  });
  afterAll(() => page.context().close());
}

const button = (name: string | RegExp): Locator => page.getByRole("button", { name });
const dialog = (): Locator => page.getByRole("dialog");
const heading = (name: string | RegExp): Locator => page.getByRole("heading", { level: 1, name });
const said = (): Locator => page.locator(".messages [role=status]");
const complained = (): Locator => page.locator(".messages [role=alert]");
const rows = (): Locator => page.locator("tbody tr");

async function signIn({ username, password } = portico.host.rootSignIn!): Promise<void> {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await button("Sign in").click();
}

/** Shows a view; root signs in for it where nobody has yet. */
async function visit(hash: string): Promise<void> {
  await page.evaluate(`location.hash = "${hash}"`);
  if ((await page.getByLabel("Password").count()) > 0) await signIn();
  await page.getByRole("navigation").waitFor();
}

/** Clicks a button of the dialog that is open. */
async function answer(name: string): Promise<void> {
  await dialog().getByRole("button", { name }).click();
}

async function fill(values: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await dialog().getByLabel(label, { exact: true }).fill(value);
}

/** What stands at a field of the dialog that is open. */
async function errorAt(label: string): Promise<string> {
  const input = dialog().getByLabel(label, { exact: true });
  await expectEventually(() => input.getAttribute("aria-invalid"), "true");
  const described = (await input.getAttribute("aria-describedby"))!.split(" ").map((id) => `#${id}`);
  return (await page.locator(described.at(-1)!).textContent())!;
}

async function expectAccessible(): Promise<void> {
  expect(await accessibilityFindings(page)).toEqual([]);
  expect(await overflow(page)).toBe(0);
}

async function expectSaid(text: string): Promise<void> {
  await expectEventually(() => said().textContent(), text);
}

/** The access token that the page has used for its latest call. */
function tokenInUse(): () => string {
  let token = "";
  page.on("request", (request: Request) => {
    token = request.headers()["authorization"]?.replace("Bearer ", "") ?? token;
  });
  return () => token;
}

const statusOf = async (token: string): Promise<number> =>
  (await portico.call("GET", "/v1/users?limit=1", { token })).status;

/** Goes on with the key Tab until the focus is on what has this text. */
async function tabTo(text: string): Promise<void> {
  for (let steps = 0; steps < 80; steps++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate("document.activeElement.textContent")) === text) return;
  }
  throw new Error(`the key Tab does not lead to ${text}`);
}

describeInBrowser("the console", () => {
  beforeAll(async () => {
    [portico, browser] = await Promise.all([Portico.start(), startBrowser()]);
    // One more than a page, so that there is always another one.
    await inParallel(21, (index) => portico.registerPartner({ name: `Shop ${index}` }));
  });
  afterAll(async () => {
    await browser?.close();
    await portico?.close();
  });

  describe.each([
    ["desktop", desktop],
    ["phone", phone],
  ])("at the width of a %s", (_name, viewport) => {
    // What is shown in the same dialogs and tables as the other flows need not be walked through twice.
    const onDesktop = (title: string, flow: () => Promise<void>): void => {
      if (viewport === desktop) test(title, flow);
    };

    describe("before the sign-in", () => {
      useConsole({ viewport });

      test("signing in, navigation and signing out work with the keyboard alone", async () => {
        const token = tokenInUse();
        const { username, password } = portico.host.rootSignIn!;
        const focused = () => page.evaluate<string>("document.activeElement.textContent");
        await expectAccessible();
        await page.keyboard.type(username);
        await page.keyboard.press("Tab");
        await page.keyboard.type(password);
        await page.keyboard.press("Enter");
        await expectEventually(focused, "Partners");
        for (const section of ["Users", "Coupons", "Partners"]) {
          await tabTo(section);
          await page.keyboard.press("Enter");
          await expectEventually(() => page.evaluate<string>("document.activeElement.tagName"), "H1");
          await expectEventually(focused, section);
        }
        await tabTo("Skip to the content");
        await page.keyboard.press("Enter");
        expect(await page.evaluate("document.activeElement.id")).toBe("main");
        await tabTo("Sign out");
        await page.keyboard.press("Enter");
        await expectSaid("You are signed out.");
        expect(await page.evaluate("document.activeElement.name")).toBe("username");
        await eventually(
          () => statusOf(token()),
          (status) => status === 401,
        );
      });

      test("other users and wrong passwords get a clear error message", async () => {
        const user = await newUser(portico);
        await signIn({ ...user, password: "wrong" });
        const failure = page.locator("form [role=alert]");
        await expectEventually(
          () => failure.textContent(),
          expect.stringContaining("The name or the password is wrong."),
        );
        await expectAccessible();
        await signIn(user);
        await expectEventually(
          () => failure.textContent(),
          expect.stringContaining("The console is for administrators."),
        );
        expect(await page.getByRole("navigation").count()).toBe(0);
      });
    });

    describe("after the sign-in", () => {
      useSession({ viewport });

      test("registering a partner shows errors at their fields and the secret once, with a copy button", async () => {
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
        await dialog().getByText("shown this once").waitFor();
        await expectAccessible();
        const secret = await dialog().getByLabel("Client secret", { exact: true }).inputValue();
        const id = await dialog().getByLabel("Client id", { exact: true }).inputValue();
        await answer("Copy Client secret");
        await dialog().getByText("Client secret copied.").waitFor();
        expect(await page.evaluate("navigator.clipboard.readText()")).toBe(secret);
        // By mistake it is not closed.
        await page.keyboard.press("Escape");
        await page.keyboard.press("Escape");
        expect(await dialog().count()).toBe(1);
        await answer("I have kept it");
        await heading(/^<script>alert\(1\)<\/script><img/).waitFor();
        expect(await page.content()).not.toContain(secret);
        expect((await portico.requestToken({ id, secret })).status).toBe(200);
      });

      test("partners are listed in pages and filtered within the loaded ones", async () => {
        await visit("#/partners");
        await expectEventually(() => rows().count(), 20);
        await page.getByText("20 loaded, there are more").waitFor();
        await expectAccessible();
        await button("Load more").click();
        await eventually(
          () => rows().count(),
          (count) => count > 20,
        );
        const name = await rows().first().getByRole("link").textContent();
        await page.getByLabel("Filter the loaded partners").fill(name!.toUpperCase());
        await eventually(
          () => rows().count(),
          (count) => count < 20,
        );
        await page.getByLabel("Filter the loaded partners").fill("nothing has this name");
        await page.getByText("None of the loaded partners matches.").waitFor();
        await page.getByLabel("Filter the loaded partners").fill(name!);
        await rows().first().getByRole("link").click();
        await heading(name!).waitFor();
      });

      onDesktop(
        "a partner is suspended, which ends its tokens, and resumed; the focus stays where it was",
        async () => {
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
          expect(await page.evaluate("document.activeElement.textContent")).toBe("Suspend");
          expect((await portico.requestToken({ id, secret })).status).toBe(200);
        },
      );

      onDesktop("tokens are revoked after a question that the key Escape answers with no", async () => {
        const { id, token } = await portico.partnerWithToken();
        const status = async () => (await portico.call("GET", "/v1/partners/me", { token })).status;
        await visit(`#/partners/${id}`);
        await button("Revoke tokens").click();
        await expectAccessible();
        expect(await page.evaluate("document.activeElement.textContent")).toBe("Cancel");
        await page.keyboard.press("Escape");
        await dialog().waitFor({ state: "detached" });
        expect(await page.evaluate("document.activeElement.textContent")).toBe("Revoke tokens");
        expect(await status()).toBe(200);
        await button("Revoke tokens").click();
        await answer("Revoke tokens");
        await expectSaid("The tokens are revoked.");
        expect(await status()).toBe(401);
      });

      onDesktop("a new secret is made, and the old one works on for the grace that was chosen", async () => {
        const { id, secret } = await portico.registerPartner();
        const make = async (grace: string): Promise<string> => {
          await button("New secret").click();
          await dialog().getByLabel("The present secret works").selectOption(grace);
          await answer("Make a secret");
          const shown = await dialog().getByLabel("Client secret", { exact: true }).inputValue();
          await answer("I have kept it");
          await expectSaid("The secret is replaced.");
          return shown;
        };
        const works = async (one: string) => (await portico.requestToken({ id, secret: one })).status;
        await visit(`#/partners/${id}`);
        const second = await make("for another day");
        expect([await works(secret), await works(second)]).toEqual([200, 200]);
        const third = await make("no longer");
        expect([await works(second), await works(third)]).toEqual([401, 200]);
      });

      onDesktop("a partner's subscriptions are shown, by their status as well", async () => {
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
        expect(await rows().first().textContent()).toContain("later");
        await page.getByLabel("Status").selectOption("cancelled");
        await page.getByText("There are no subscriptions here.").waitFor();
      });

      onDesktop("a partner is deleted, but not one with a live subscription", async () => {
        const { id, token } = await portico.partnerWithToken();
        const json = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1M" };
        await portico.call("POST", "/v1/subscriptions", { token, json });
        await visit(`#/partners/${id}`);
        await button("Delete").click();
        await answer("Delete");
        await dialog().getByText("The partner still has live subscriptions or companies.").waitFor();
        await portico.call("DELETE", "/v1/subscriptions/u1", { token });
        await answer("Delete");
        await expectSaid("Blue Bicycle is deleted.");
        await heading("Partners").waitFor();
        await page.evaluate(`location.hash = "#/partners/${id}"`);
        await expectEventually(() => complained().textContent(), expect.stringContaining("Not found."));
      });

      test("root can create a user, change its role, suspend, reactivate and delete it", async () => {
        const username = newUsername();
        const signInStatus = async () =>
          (await portico.call("POST", "/v1/auth/login", { json: { username, password: goodPassword } })).status;
        await visit("#/users");
        await expectAccessible();
        await button("Create a user").click();
        await fill({ Username: "root", Name: "Ada", Password: "short" });
        await expectAccessible();
        await answer("Create");
        expect(await errorAt("Password")).toBe("Must have 12 to 128 characters.");
        await fill({ Password: "passwordpassword" });
        await answer("Create");
        expect(await errorAt("Password")).toBe("The password is too common.");
        await fill({ Password: goodPassword });
        await answer("Create");
        expect(await errorAt("Username")).toBe("The username is taken.");
        await fill({ Username: username });
        await answer("Create");
        await expectSaid("Ada is created.");
        await button("Make an administrator").click();
        await answer("Make an administrator");
        await expectSaid("Ada is an administrator.");
        await button("Take the admin role").click();
        await answer("Take the role");
        await expectSaid("Ada is an administrator no longer.");
        await button("Suspend").click();
        await answer("Suspend");
        await expectSaid("Ada is suspended.");
        expect(await signInStatus()).toBe(401);
        await button("Resume").click();
        await expectSaid("Ada can sign in again.");
        expect(await signInStatus()).toBe(200);
        await button("Delete").click();
        await answer("Delete");
        await expectSaid("Ada is deleted.");
      });

      onDesktop("credit is granted and taken, never below nothing, and every movement is listed", async () => {
        const { id } = await newUser(portico);
        await visit(`#/users/${id}`);
        await page.getByText("No credit has been granted or spent yet.").waitFor();
        await button("Grant credit").click();
        await fill({ Amount: "1.5", Reason: "" });
        await answer("Grant");
        expect(await errorAt("Amount")).toMatch(/whole number/);
        await expectAccessible();
        await fill({ Amount: "-1", Reason: "A mistake" });
        await answer("Grant");
        expect(await errorAt("Amount")).toBe("The credit is not enough.");
        await fill({ Amount: "120", Reason: "Thank you" });
        await answer("Grant");
        await expectSaid("The credit is moved.");
        await button("Grant credit").click();
        await fill({ Amount: "-20", Reason: "Booked twice" });
        await answer("Grant");
        await expectEventually(() => rows().count(), 2);
        const [second, first] = await rows().allTextContents();
        expect([first, second]).toEqual([
          expect.stringMatching(/\+120120Thank you$/),
          expect.stringMatching(/−20100Booked twice$/),
        ]);
        await expectAccessible();
      });

      test("coupons can be created, changed, deactivated and reactivated", async () => {
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
        await expectSaid("The coupon is created.");
        await button("Create a coupon").click();
        await fill({ Name: name, Code: code, "Price in credit": "3", Quantity: "1", Ends: "2096-01-01T00:00" });
        await answer("Create");
        expect(await errorAt("Code")).toMatch(/code/i);
        await answer("Cancel");
        const row = rows().filter({ hasText: name });
        await expectAccessible();
        await button(`Switch off ${name}`).click();
        await expectSaid(`${name} is switched off.`);
        expect(await page.evaluate("document.activeElement.textContent")).toBe("Switch on");
        await button(`Switch on ${name}`).click();
        await expectSaid(`${name} is switched on.`);
        await button(`Edit ${name}`).click();
        await fill({ Quantity: "60" });
        await answer("Save");
        await expectSaid(`${name} is changed.`);
        expect(await row.textContent()).toContain("60 of 60");
      });
    });
  });

  describe("at any width", () => {
    useConsole({ viewport: desktop });

    test("the page loads and calls only Portico, and is small", async () => {
      const { headers, text } = await portico.call("GET", "/console");
      expect(headers.get("content-security-policy")?.split("; ").sort()).toEqual([
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "script-src 'self'",
        "style-src 'self'",
      ]);
      const paths = [...text.matchAll(/(?:href|src)="(\/console\/[^"]+)"/g)].map(([, path]) => path!);
      const files = await Promise.all(paths.map((path) => portico.call("GET", path)));
      expect(files.map(({ status }) => status)).toEqual([200, 200]);
      expect([text, ...files.map((file) => file.text)].join("").length).toBeLessThan(60_000);
    });

    test("tokens are kept only in memory: a reload signs out and ends the session", async () => {
      const token = tokenInUse();
      await visit("#/users");
      await heading("Users").waitFor();
      await eventually(
        async () => token(),
        (text) => text !== "",
      );
      const stored = "JSON.stringify([localStorage.length, sessionStorage.length, document.cookie, history.state])";
      expect(await page.evaluate(stored)).toBe('[0,0,"",null]');
      expect(await statusOf(token())).toBe(200);
      await page.reload();
      await heading("Sign in").waitFor();
      await eventually(
        () => statusOf(token()),
        (status) => status === 401,
      );
    });

    test("a conflicting change is not made, and the current state is shown", async () => {
      const { id } = await portico.registerPartner();
      const token = await portico.rootToken();
      await visit(`#/partners/${id}`);
      await button("Edit").click();
      await expectAccessible();
      await portico.call("PATCH", `/v1/partners/${id}`, { token, json: { name: "Red Bicycle" } });
      await fill({ Name: "Green Bicycle" });
      await answer("Save");
      await heading("Red Bicycle active").waitFor();
      await expectEventually(() => complained().textContent(), expect.stringContaining("Somebody else has changed it"));
      await button("Edit").click();
      await fill({ Name: "Green Bicycle" });
      await answer("Save");
      await expectSaid("The partner is changed.");
      await heading("Green Bicycle active").waitFor();
    });

    test("only root can change roles, and nobody can suspend themselves or root", async () => {
      const [admin, user] = [await newUser(portico, {}, "admin"), await newUser(portico)];
      const { id: rootId } = (await portico.call("GET", "/v1/users/me", { token: await portico.rootToken() })).body;
      await page.evaluate(`location.hash = "#/users/${user.id}"`);
      await signIn(admin);
      const actions = page.getByRole("group", { name: "Actions" }).getByRole("button");
      await expectEventually(() => actions.allTextContents(), ["Grant credit", "Suspend", "Delete"]);
      for (const id of [rootId, admin.id]) {
        await page.evaluate(`location.hash = "#/users/${id}"`);
        await expectEventually(() => actions.allTextContents(), ["Grant credit"]);
      }
    });

    test("a double click, or a retry after a lost response, grants credit once", async () => {
      const { id } = await newUser(portico);
      await visit(`#/users/${id}`);
      await button("Grant credit").click();
      await fill({ Amount: "5", Reason: "Once" });
      await dialog().getByRole("button", { name: "Grant" }).dblclick();
      await expectSaid("The credit is moved.");
      // The API does it, and the answer never arrives: three attempts, then a person is asked.
      const keys = new Set<string>();
      await page.route(
        `**/v1/users/${id}/credit`,
        async (route) => {
          keys.add(route.request().headers()["idempotency-key"]!);
          await route.fetch();
          await route.abort();
        },
        { times: 3 },
      );
      await button("Grant credit").click();
      await fill({ Amount: "7", Reason: "Lost" });
      await answer("Grant");
      await dialog().getByText("Portico could not be reached.").waitFor();
      const repeated = page.waitForRequest((request) => request.method() === "POST");
      await answer("Grant");
      keys.add((await repeated).headers()["idempotency-key"]!);
      await expectSaid("The credit is moved.");
      watched.faults.splice(0, 3);
      expect(keys.size).toBe(1);
      const ledger = (await portico.call("GET", `/v1/users/${id}/credit`, { token: await portico.rootToken() })).body;
      expect(ledger.items.map(({ amount }: any) => amount)).toEqual([7, 5]);
    });

    test("a registration with a lost response happens once, and the page asks for a new secret", async () => {
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
      await expectEventually(() => complained().textContent(), expect.stringContaining("Make a new secret."));
      watched.faults.splice(0, 1);
      expect(await button("New secret").count()).toBe(1);
    });

    test("the access token is refreshed before it expires, once for parallel calls", async () => {
      const admin = await newUser(portico, {}, "admin");
      const refreshes: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith("/oauth/token")) refreshes.push(request.postData()!);
      });
      // As good as expired when it arrives.
      await page.route("**/v1/auth/login", async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), expiresIn: 1 } });
      });
      await page.evaluate(`location.hash = "#/users/${admin.id}"`);
      await signIn(admin);
      await button("Grant credit").waitFor();
      await page.getByText("No credit has been granted or spent yet.").waitFor();
      expect(refreshes).toEqual([expect.stringContaining("grant_type=refresh_token&client_id=web&refresh_token=")]);
    });

    test("a rejected token is refreshed, and an ended session asks to sign in and returns to the same place", async () => {
      const admin = await newUser(portico, {}, "admin");
      await page.route(
        "**/v1/auth/login",
        async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), accessToken: "x.y.z" } });
        },
        { times: 1 },
      );
      await page.evaluate(`location.hash = "#/users/${admin.id}"`);
      await signIn(admin);
      await button("Grant credit").click();
      const { accessToken } = await sessionOf(portico, admin);
      await portico.call("POST", "/v1/auth/logout", { token: accessToken });
      await fill({ Amount: "1", Reason: "Too late" });
      await answer("Grant");
      await expectEventually(() => complained().textContent(), "Your session has ended. Sign in again.");
      expect(await dialog().count()).toBe(0);
      await expectAccessible();
      await signIn(admin);
      await heading("Ada Lovelace active").waitFor();
    });
  });

  describe("in dark mode", () => {
    useConsole({ viewport: desktop, colorScheme: "dark" });

    test("colours have enough contrast", async () => {
      await expectAccessible();
      await visit("#/partners");
      await button("Register a partner").click();
      await answer("Register");
      await errorAt("Name");
      await expectAccessible();
    });
  });
});

/** Reads until what is read is as expected, and shows the difference when it never is. */
async function expectEventually(read: () => Promise<unknown>, expected: unknown): Promise<void> {
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
