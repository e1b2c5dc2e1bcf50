/** The console: its page, the sign-in and the session. */
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
  signIn,
  useConsole,
  visit,
} from "../support/console.ts";
import { newProof, newProofKey } from "../support/dpop.ts";
import { newUser, refresh, sessionOf, type TestSession } from "../support/people.ts";

/** How many sessions a person has, besides the one of this question. */
async function otherSessions({ accessToken: token }: TestSession): Promise<number> {
  const { body } = await portico.call("GET", "/v1/users/me/sessions", { token });
  return (body.items as readonly unknown[]).length - 1;
}

/** What the browser has stored for the page: entries of its storages, cookies, the history's state, and keys. */
const stored = `(async () => {
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open("portico-console", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = reject;
  });
  const keys = await new Promise((resolve) => {
    const counting = database.transaction("keys").objectStore("keys").count();
    counting.onsuccess = () => resolve(counting.result);
  });
  database.close();
  return [localStorage.length, sessionStorage.length, document.cookie, history.state, keys];
})()`;
const storedNow = (): Promise<unknown> => page.evaluate(stored);

/** Presses Tab until the focus is on the element with this text. */
async function tabTo(text: string): Promise<void> {
  for (let steps = 0; steps < 80; steps++) {
    await page.keyboard.press("Tab");
    if ((await focusedText()) === text) return;
  }
  throw new Error(`Tab does not reach ${text}`);
}

describeConsole("the console", () => {
  describeBothWidths((viewport) => {
    useConsole({ viewport });

    test("sign-in, sections and sign-out work with the keyboard alone", async () => {
      const admin = await newUser(portico, {}, "admin");
      const { username, password } = admin;
      const witness = await sessionOf(portico, admin);
      await expectAccessible();
      await page.keyboard.type(username);
      await page.keyboard.press("Tab");
      await page.keyboard.type(password);
      await page.keyboard.press("Enter");
      await expectEventually(focusedText, "Partners");
      for (const section of ["Users", "Coupons", "Partners"]) {
        await tabTo(section);
        await page.keyboard.press("Enter");
        await expectEventually(() => page.evaluate<string>("document.activeElement.tagName"), "H1");
        await expectEventually(focusedText, section);
      }
      await tabTo("Skip to the content");
      await page.keyboard.press("Enter");
      expect(await page.evaluate("document.activeElement.id")).toBe("main");
      await tabTo("Sign out");
      await page.keyboard.press("Enter");
      await expectSaid("You are signed out.");
      expect(await page.evaluate("document.activeElement.name")).toBe("username");
      await expectEventually(() => otherSessions(witness), 0);
    });

    test("refuses a wrong password and a user who is not an administrator", async () => {
      const user = await newUser(portico);
      await signIn({ ...user, password: "wrong" });
      const failure = page.locator("form [role=alert]");
      await expectEventually(() => failure.textContent(), "The username or the password is wrong.");
      await expectAccessible();
      await signIn(user);
      await expectEventually(
        () => failure.textContent(),
        "The console is for administrators. Ask an administrator for the role.",
      );
      expect(await page.getByRole("navigation").count()).toBe(0);
    });
  });

  describe("on a desktop", () => {
    useConsole({ viewport: desktop });

    test("the page is small, and may load and call Portico only", async () => {
      const { headers, text } = await portico.call("GET", "/console");
      expect(headers.get("content-security-policy")?.split("; ").sort()).toEqual([
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "require-trusted-types-for 'script'",
        "script-src 'self'",
        "style-src 'self'",
        "trusted-types 'none'",
      ]);
      const paths = [...text.matchAll(/(?:href|src)="(\/console\/[^"]+)"/g)].map(([, path]) => path!);
      const files = await Promise.all(paths.map((path) => portico.call("GET", path)));
      expect(files.map(({ status }) => status)).toEqual([200, 200]);
      expect([text, ...files.map((file) => file.text)].join("").length).toBeLessThan(70_000);
    });

    test.each(["#/%", "#%", "#/users/%E0%A4%A", "#/users/%2e%2e", "#/?filter=%&pages=%", "#/%00?%=%"])(
      "the malformed address %s is reported and has no fault",
      async (hash) => {
        await page.goto("about:blank");
        await page.goto(`${portico.url}/console${hash}`);
        await signIn();
        await heading("Not found").waitFor();
      },
    );

    test.each(["x", "%", "-5", "0", "1e9", "1.5"])("the malformed number of pages %s shows the list", async (pages) => {
      await visit(`#/users?pages=${pages}&search=%`);
      await heading("Users").waitFor();
      await page.getByText("No users begin with this text.").waitFor();
    });

    test("an access token is renewed before it expires, with one refresh for concurrent calls", async () => {
      const admin = await newUser(portico, {}, "admin");
      const refreshes: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith("/oauth/token")) refreshes.push(request.postData()!);
      });
      // The token is about to expire when it arrives.
      await page.route(
        "**/oauth/token",
        async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), expires_in: 1 } });
        },
        { times: 1 },
      );
      await page.evaluate(`location.hash = "#/users/${admin.id}"`);
      await signIn(admin);
      await button("Grant credit").waitFor();
      await page.getByText("No credit has been granted or spent yet.").waitFor();
      const refreshing = expect.stringContaining("grant_type=refresh_token&client_id=web&refresh_token=");
      // The first one binds the session to the key of the browser.
      expect(refreshes).toEqual([refreshing, refreshing]);
    });

    test("a refused token is replaced; after the end of a session, a new sign-in returns to the same view", async () => {
      const admin = await newUser(portico, {}, "admin");
      await page.route(
        "**/oauth/token",
        async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), access_token: "x.y.z" } });
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

  describe("a reload", () => {
    useConsole({ viewport: desktop });

    /** Signs a new administrator in. @returns the person, and a session that counts the others */
    async function signedIn() {
      const admin = await newUser(portico, {}, "admin");
      const witness = await sessionOf(portico, admin);
      await page.evaluate('location.hash = "#/users"');
      await signIn(admin);
      await heading("Users").waitFor();
      await rows().first().waitFor();
      expect(await otherSessions(witness)).toBe(1);
      return { witness };
    }

    /** Leaves the console for a page of the same origin. @returns what the console has left there */
    async function leave(): Promise<{
      readonly refreshToken: string;
      readonly keyId: string;
      readonly keptAt: number;
    }> {
      await page.goto(`${portico.url}/docs`);
      return JSON.parse(await page.evaluate<string>('sessionStorage.getItem("portico.session")'));
    }

    const nothing = [0, 0, "", null, 0];
    const keyAlone = [0, 0, "", null, 1];

    test("keeps session, person and view, several times; while the page is in use, only a key is stored", async () => {
      const { witness } = await signedIn();
      expect(await storedNow()).toEqual(keyAlone);
      for (let count = 0; count < 3; count++) {
        await page.reload();
        await heading("Users").waitFor();
        await rows().first().waitFor();
        expect(await page.getByTitle(/^Your account/).textContent()).toBe("Ada Lovelace");
        expect(await storedNow()).toEqual(keyAlone);
      }
      expect(await otherSessions(witness)).toBe(1);
      await expectAccessible();
      const other = await page.context().newPage();
      await other.goto(`${portico.url}/console`);
      await other.getByRole("heading", { name: "Sign in" }).waitFor();
      await other.close();
      await page.getByRole("link", { name: "Partners" }).click();
      await heading("Partners").waitFor();
    });

    test("keeps a token that is useless without its key, and no script can export the key", async () => {
      const { witness } = await signedIn();
      const kept = await leave();
      expect(Object.keys(kept).sort()).toEqual(["keptAt", "keyId", "refreshToken"]);
      expect((await refresh(portico, kept.refreshToken)).body.error).toBe("invalid_grant");
      const thief = await newProofKey();
      const url = `${portico.url}/oauth/token`;
      const stolen = await portico.call("POST", "/oauth/token", {
        form: { grant_type: "refresh_token", client_id: "web", refresh_token: kept.refreshToken },
        headers: { dpop: await newProof(thief, { method: "POST", url }) },
      });
      expect([stolen.status, stolen.body.error]).toEqual([400, "invalid_grant"]);
      expect(await otherSessions(witness)).toBe(1);
      const exporting = `(async () => {
        const database = await new Promise((resolve) => {
          const opening = indexedDB.open("portico-console", 1);
          opening.onsuccess = () => resolve(opening.result);
        });
        const { privateKey } = await new Promise((resolve) => {
          const getting = database.transaction("keys").objectStore("keys").get("${kept.keyId}");
          getting.onsuccess = () => resolve(getting.result);
        });
        const tries = ["jwk", "pkcs8"].map((format) => crypto.subtle.exportKey(format, privateKey).catch(({ name }) => name));
        return [privateKey.extractable, ...(await Promise.all(tries))];
      })()`;
      expect(await page.evaluate(exporting)).toEqual([false, "InvalidAccessError", "InvalidAccessError"]);
      // A link to the console is no reload: it ends the session.
      await page.goto(`${portico.url}/console`);
      await heading("Sign in").waitFor();
      await expectEventually(() => otherSessions(witness), 0);
      await expectEventually(storedNow, nothing);
    });

    test("does not continue a session that was left more than a minute ago", async () => {
      const { witness } = await signedIn();
      const kept = await leave();
      await page.evaluate("sessionStorage.clear()");
      await page.goto(`${portico.url}/console`);
      await heading("Sign in").waitFor();
      const earlier = JSON.stringify({ ...kept, keptAt: kept.keptAt - 61_000 });
      await page.evaluate(`sessionStorage.setItem("portico.session", ${JSON.stringify(earlier)})`);
      await page.reload();
      await heading("Sign in").waitFor();
      await expectEventually(() => otherSessions(witness), 0);
      await expectEventually(storedNow, nothing);
    });

    test("is none where a one-time link is opened: the session ends", async () => {
      const { witness } = await signedIn();
      await leave();
      await page.goto(`${portico.url}/console#/password/nobody.x`);
      await heading("Set your password").waitFor();
      await expectEventually(() => otherSessions(witness), 0);
      await expectEventually(storedNow, nothing);
    });

    test("after signing out shows the sign-in, and nothing is stored", async () => {
      const { witness } = await signedIn();
      await button("Sign out").click();
      await expectSaid("You are signed out.");
      await expectEventually(() => otherSessions(witness), 0);
      await expectEventually(storedNow, nothing);
      await page.reload();
      await heading("Sign in").waitFor();
      expect(await storedNow()).toEqual(nothing);
    });

    test("tells that the session has ended, and nothing is stored", async () => {
      const { witness } = await signedIn();
      await portico.call("POST", "/v1/auth/logout", { token: witness.accessToken });
      await page.reload();
      await heading("Sign in").waitFor();
      await expectEventually(() => complained().textContent(), "Your session has ended. Sign in again.");
      await expectEventually(storedNow, nothing);
      await expectAccessible();
    });

    test("signs out where the browser stores no keys", async () => {
      await page.addInitScript("Object.defineProperty(window, 'indexedDB', { value: undefined })");
      await page.reload();
      const { witness } = await signedIn();
      await page.reload();
      await heading("Sign in").waitFor();
      await expectEventually(() => otherSessions(witness), 0);
    });

    test("works on a device whose clock is wrong by an hour", async () => {
      await page.addInitScript("const now = Date.now; Date.now = () => now() - 3_600_000;");
      await page.reload();
      await signedIn();
      await page.reload();
      await rows().first().waitFor();
    });
  });

  describe("in the dark", () => {
    useConsole({ viewport: desktop, colorScheme: "dark" });

    test("axe finds no serious fault", async () => {
      await expectAccessible();
      await visit("#/partners");
      await button("Register a partner").click();
      await answer("Register");
      await errorAt("Name");
      await expectAccessible();
    });
  });
});
