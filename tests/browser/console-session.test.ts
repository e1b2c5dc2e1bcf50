/** The console: its page, the sign-in and the session. */
import type { Request } from "playwright-core";
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
  signIn,
  useConsole,
  visit,
} from "../support/console.ts";
import { newUser, sessionOf } from "../support/people.ts";
import { eventually } from "../support/waiting.ts";

/** The access token of the page's latest call. */
function tokenInUse(): () => string {
  let token = "";
  page.on("request", (request: Request) => {
    token = request.headers()["authorization"]?.replace("Bearer ", "") ?? token;
  });
  return () => token;
}

const statusOf = async (token: string): Promise<number> =>
  (await portico.call("GET", "/v1/users?limit=1", { token })).status;

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
      const token = tokenInUse();
      const { username, password } = portico.host.rootSignIn!;
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
      await eventually(
        () => statusOf(token()),
        (status) => status === 401,
      );
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

    test("tokens are kept in memory only: a reload signs out and ends the session", async () => {
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

    test("an access token is renewed before it expires, with one refresh for concurrent calls", async () => {
      const admin = await newUser(portico, {}, "admin");
      const refreshes: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith("/oauth/token")) refreshes.push(request.postData()!);
      });
      // The token is about to expire when it arrives.
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

    test("a refused token is replaced; after the end of a session, a new sign-in returns to the same view", async () => {
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
