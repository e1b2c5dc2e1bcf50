/** One's own sessions in the console, in a real browser against a running Portico. */
import {
  answer,
  button,
  describeBothWidths,
  describeConsole,
  expectAccessible,
  expectEventually,
  expectSaid,
  heading,
  page,
  portico,
  rows,
  signIn,
  useConsole,
} from "../support/console.ts";
import { newUser, refresh, sessionOf } from "../support/people.ts";

describeConsole("one's own sessions", () => {
  describeBothWidths((viewport) => {
    useConsole({ viewport });

    test("are listed, and each other one can be ended", async () => {
      const admin = await newUser(portico, {}, "admin");
      const other = await sessionOf(portico, admin);
      await signIn(admin);
      await page.getByRole("link", { name: "Your sessions" }).click();
      await heading("Your sessions").waitFor();
      await expectEventually(() => rows().count(), 2);
      await expectAccessible();
      expect(await rows().last().textContent()).toContain("This session");
      await button("End").click();
      await answer("Cancel");
      expect((await portico.call("GET", "/v1/users/me", { token: other.accessToken })).status).toBe(200);
      await button("End").click();
      await expectAccessible();
      await answer("End the session");
      await expectSaid("The session has ended.");
      await expectEventually(() => rows().count(), 1);
      expect((await portico.call("GET", "/v1/users/me", { token: other.accessToken })).status).toBe(401);
      expect((await refresh(portico, other.refreshToken)).status).toBe(400);
    });

    test("one that ended meanwhile leaves the list", async () => {
      const admin = await newUser(portico, {}, "admin");
      const { accessToken } = await sessionOf(portico, admin);
      await signIn(admin);
      await page.getByRole("link", { name: "Your sessions" }).click();
      await button("End").click();
      const { body } = await portico.call("GET", "/v1/users/me/sessions", { token: accessToken });
      const [{ id }] = body.items.filter(({ current }: { current: boolean }) => current);
      const ended = await portico.call("DELETE", `/v1/users/me/sessions/${id}`, { token: accessToken });
      expect(ended.status).toBe(204);
      await answer("End the session");
      await expectSaid("The session has ended.");
      await expectEventually(() => rows().count(), 1);
    });
  });
});
