/** The console: the second factor, from its enrolment to its removal, and what a person has to do before anything else. */
import { assemblyWith, type AlteredAssembly } from "../support/assembly.ts";
import {
  answer,
  button,
  describeBothWidths,
  describeConsole,
  desktop,
  dialog,
  expectAccessible,
  expectEventually,
  expectSaid,
  fill,
  heading,
  page,
  portico,
  signIn,
  useConsole,
  visit,
} from "../support/console.ts";
import { goodPassword, newUser, userFields } from "../support/people.ts";
import { Portico } from "../support/portico.ts";
import { Authenticator, secondFactorCalls } from "../support/second-factor.ts";

/** Fills a field of the view, not of a dialog. */
async function type(label: string, text: string): Promise<void> {
  await page.locator("main").getByLabel(label, { exact: true }).fill(text);
}

async function press(name: string): Promise<void> {
  await page.locator("main").getByRole("button", { name, exact: true }).click();
}

/** Goes through the steps of an enrolment. */
async function enrol(password: string): Promise<{ app: Authenticator; recoveryCodes: string[] }> {
  await type("Password", password);
  await press("Continue");
  const key = await page.getByLabel("Key", { exact: true }).inputValue();
  expect(key).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
  const link = page.getByRole("link", { name: "open it in an app on this device" });
  expect(await link.getAttribute("href")).toContain(`secret=${key.replaceAll(" ", "")}`);
  await expectAccessible();
  const app = new Authenticator(key.replaceAll(" ", ""));
  await type("Code", app.wrongCode());
  await press("Confirm");
  await expectEventually(
    () => page.locator("main .error").last().textContent(),
    "The code of the second factor is wrong.",
  );
  await type("Code", await app.code());
  await press("Confirm");
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  await expectAccessible();
  const recoveryCodes = await page.locator(".codes li").allTextContents();
  expect(recoveryCodes).toHaveLength(10);
  await press("I have saved them");
  return { app, recoveryCodes };
}

describeConsole("the second factor in the console", () => {
  describeBothWidths((viewport) => {
    useConsole({ viewport });

    test("is enrolled on the account's page, asked for at sign-in and removed again", async () => {
      const admin = await newUser(portico, {}, "admin");
      await page.evaluate('location.hash = "#/account"');
      await signIn(admin);
      await press("Enrol a second factor");
      const { app, recoveryCodes } = await enrol(admin.password);
      await expectSaid("Your second factor is enrolled.");
      await page.getByText("10 recovery codes are left.").waitFor();
      await expectAccessible();

      await button("Sign out").click();
      await signIn(admin);
      await heading("Second factor").waitFor();
      await expectAccessible();
      await type("Code", app.wrongCode());
      await press("Sign in");
      await expectEventually(
        () => page.locator("main .error").textContent(),
        "The code of the second factor is wrong.",
      );
      await type("Code", await app.code());
      await press("Sign in");
      await heading("Your account").waitFor();

      await button("New recovery codes").click();
      await fill({ Code: recoveryCodes[0]! });
      await expectAccessible();
      await answer("Replace the codes");
      await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
      const renewed = await page.locator(".codes li").allTextContents();
      await press("I have saved them");
      await button("Remove").click();
      await fill({ Code: renewed[0]! });
      await answer("Remove");
      await expectSaid("Your second factor is removed.");
      await button("Enrol a second factor").waitFor();
    });
  });

  describe("on a desktop", () => {
    useConsole({ viewport: desktop });

    test("an administrator resets it on the user's page", async () => {
      const person = await secondFactorCalls(portico).newEquippedPerson();
      await visit(`#/users/${person.id}`);
      await button("Reset the second factor").click();
      await answer("Reset");
      await expectSaid("Ada Lovelace can enrol a new second factor.");
      expect((await secondFactorCalls(portico).signInWith(person)).status).toBe(200);
    });

    test("an administrator whose password is one-time chooses another one first", async () => {
      const { body } = await portico.callAsRoot("POST", "/v1/users", userFields());
      await portico.callAsRoot("PATCH", `/v1/users/${body.id}`, { role: "admin" });
      await signIn({ username: body.username, password: goodPassword });
      await heading("Choose a password").waitFor();
      await expectAccessible();
      await type("Current password", "not this one");
      await type("New password", "a longer ride on a blue bicycle");
      await press("Change the password");
      await expectEventually(
        () => page.locator("main .error").first().textContent(),
        "The username or password is wrong.",
      );
      await type("Current password", goodPassword);
      await press("Change the password");
      await heading("Partners").waitFor();
      await expectSaid("Your password is changed.");
      expect(await dialog().count()).toBe(0);
    });
  });
});

let assembly: AlteredAssembly;

async function startWithNeed(): Promise<Portico> {
  assembly = assemblyWith("ADMINISTRATORS_NEED_SECOND_FACTOR", "true");
  return await Portico.start({ assembly: assembly.folder });
}

describeConsole(
  "the console of a stage whose administrators need a second factor",
  () => {
    useConsole({ viewport: desktop });
    afterAll(() => assembly.remove());

    test("root enrols one before anything else", async () => {
      await signIn();
      await heading("Enrol a second factor").waitFor();
      expect(await page.getByRole("navigation").count()).toBe(0);
      await expectAccessible();
      await enrol(portico.host.rootSignIn!.password);
      await heading("Partners").waitFor();
      await expectSaid("Your second factor is enrolled.");
    });
  },
  undefined,
  startWithNeed,
);
