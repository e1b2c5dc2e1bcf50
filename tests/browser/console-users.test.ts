/** Users in the console. */
import {
  answer,
  button,
  describeBothWidths,
  describeConsole,
  desktop,
  dialog,
  errorAt,
  expectAccessible,
  expectEventually,
  expectSaid,
  fill,
  heading,
  page,
  portico,
  rows,
  signIn,
  useConsole,
  useSession,
  visit,
  watched,
} from "../support/console.ts";
import { goodPassword, newUser, newUsername } from "../support/people.ts";

describeConsole("users in the console", () => {
  describeBothWidths((viewport) => {
    useSession({ viewport });

    test("a user is created, made an administrator by root, suspended, resumed and deleted", async () => {
      const username = newUsername();
      const signInStatus = async () =>
        (await portico.call("POST", "/v1/auth/login", { json: { username, password: goodPassword } })).status;
      await visit("#/users");
      await expectAccessible();
      await button("Create a user").click();
      await fill({ Username: "root", Name: "Ada", "Password (optional)": "short" });
      await expectAccessible();
      await answer("Create");
      expect(await errorAt("Password (optional)")).toBe("Must have 12 to 128 characters.");
      await fill({ "Password (optional)": "passwordpassword" });
      await answer("Create");
      expect(await errorAt("Password (optional)")).toBe("The password is too common.");
      await fill({ "Password (optional)": goodPassword });
      await answer("Create");
      expect(await errorAt("Username")).toBe("The username is taken.");
      await fill({ Username: username });
      await answer("Create");
      await expectSaid("Ada is created.");
      await button("Make an administrator").click();
      await answer("Make an administrator");
      await expectSaid("Ada is an administrator.");
      await button("Remove the admin role").click();
      await answer("Remove the role");
      await expectSaid("Ada is no longer an administrator.");
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
  });

  describe("on a desktop", () => {
    useSession({ viewport: desktop });

    test("credit is granted and taken away, never below zero, and each movement is listed", async () => {
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
      expect(await errorAt("Amount")).toBe("The credit is not sufficient.");
      await fill({ Amount: "120", Reason: "Thank you" });
      await answer("Grant");
      await expectSaid("The credit is changed.");
      await button("Grant credit").click();
      await fill({ Amount: "-20", Reason: "Booked twice" });
      await answer("Grant");
      await expectEventually(() => rows().count(), 2);
      await expectEventually(
        () => rows().allTextContents(),
        [expect.stringMatching(/−20100rootBooked twice$/), expect.stringMatching(/\+120120rootThank you$/)],
      );
      await expectAccessible();
      await page.getByRole("link", { name: "Audit trail" }).click();
      // Two grants and the creation.
      await expectEventually(() => rows().count(), 3);
      await expectEventually(
        () => rows().first().locator("td").allTextContents(),
        [expect.any(String), "root", expect.stringMatching(/^users\./), expect.stringContaining("120 → 100")],
      );
      await expectAccessible();
    });
  });

  describe("with other roles and lost responses", () => {
    useConsole({ viewport: desktop });

    test("a person is invited by a one-time link, sets a password with it, and resets it with another one", async () => {
      const username = newUsername();
      const signInStatus = async (password: string) =>
        (await portico.call("POST", "/v1/auth/login", { json: { username, password } })).status;
      const openLink = async (): Promise<void> => {
        const url = await dialog().getByLabel("Link", { exact: true }).inputValue();
        await answer("I have saved it");
        // The browser reports that a dialog is closed, and so removes it, a task later.
        await expectEventually(() => page.locator("dialog").count(), 0);
        expect(await page.content()).not.toContain(url);
        await page.evaluate(`location.hash = ${JSON.stringify(new URL(url).hash)}`);
        await heading("Set your password").waitFor();
        // Neither the address nor the history has the token any more.
        expect(page.url()).toBe(`${portico.url}/console`);
      };
      await visit("#/users");
      await button("Create a user").click();
      await fill({ Username: username, Name: "Grace" });
      await answer("Create");
      await dialog().getByText("nobody can read it again").waitFor();
      await expectAccessible();
      await openLink();
      await expectAccessible();
      await page.getByLabel("New password").fill("passwordpassword");
      await button("Set the password").click();
      await page.getByText("The password is too common.").waitFor();
      await page.getByLabel("New password").fill(goodPassword);
      await button("Set the password").click();
      await expectSaid(`Your password is set. Your username is ${username}.`);
      expect(await page.getByLabel("Username").inputValue()).toBe(username);
      expect(await signInStatus(goodPassword)).toBe(200);

      await visit(`#/users?search=${username}`);
      await rows().getByRole("link").click();
      await button("Link for a password").click();
      await answer("Make the link");
      await openLink();
      const used = "a longer ride on a blue bicycle";
      await page.getByLabel("New password").fill(used);
      await button("Set the password").click();
      await expectSaid(`Your password is set. Your username is ${username}.`);
      expect([await signInStatus(goodPassword), await signInStatus(used)]).toEqual([401, 200]);
      const wrong = "01JD3Y5W8Q4T6V2X9ZB7C1D3EF.Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";
      await page.goto(`${portico.url}/console#/password/${wrong}`);
      await page.getByLabel("New password").fill(used);
      await button("Set the password").click();
      await page.getByText("The one-time link is wrong, has expired").waitFor();
    });

    test("only root changes roles, and nobody suspends root or themselves", async () => {
      const [admin, user] = [await newUser(portico, {}, "admin"), await newUser(portico)];
      const { id: rootId } = (await portico.call("GET", "/v1/users/me", { token: await portico.rootToken() })).body;
      await page.evaluate(`location.hash = "#/users/${user.id}"`);
      await signIn(admin);
      const actions = page.getByRole("group", { name: "Actions" }).getByRole("button");
      await expectEventually(
        () => actions.allTextContents(),
        ["Grant credit", "Suspend", "Link for a password", "Reset the second factor", "Delete"],
      );
      for (const id of [rootId, admin.id]) {
        await page.evaluate(`location.hash = "#/users/${id}"`);
        await expectEventually(() => actions.allTextContents(), ["Grant credit"]);
      }
    });

    test("a double click and a retry after a lost response each grant once", async () => {
      const { id } = await newUser(portico);
      await visit(`#/users/${id}`);
      await button("Grant credit").click();
      await fill({ Amount: "5", Reason: "Once" });
      await dialog().getByRole("button", { name: "Grant" }).dblclick();
      await expectSaid("The credit is changed.");
      // The API executes the request, but the response is lost: three attempts, then the person must retry.
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
      await dialog().getByText("Portico did not respond.").waitFor();
      const repeated = page.waitForRequest((request) => request.method() === "POST");
      await answer("Grant");
      keys.add((await repeated).headers()["idempotency-key"]!);
      await expectSaid("The credit is changed.");
      watched.faults.splice(0, 3);
      expect(keys.size).toBe(1);
      const ledger = (await portico.call("GET", `/v1/users/${id}/credit`, { token: await portico.rootToken() })).body;
      expect(ledger.items.map(({ amount }: any) => amount)).toEqual([7, 5]);
    });
  });
});
