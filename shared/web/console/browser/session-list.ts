/** The list of the signed-in person's own sessions, each of which can be ended. */
import { ask } from "./dialogs.ts";
import { moment } from "./format.ts";
import { PagedList } from "./paged-list.ts";
import { RequestError } from "./requests.ts";
import type { SessionView } from "./resources.ts";
import { actionButton, headingOf, settle, type Console, type View } from "./view.ts";

const path = "/v1/users/me/sessions";

export const sessionsHash = "#/sessions";

const methodNames: Readonly<Record<SessionView["signInMethod"], string>> = {
  password: "Password",
  identity_provider: "Identity provider",
};

export function sessionsView({ api, signal }: Console): View {
  const list: PagedList<SessionView> = new PagedList<SessionView>({
    things: "sessions",
    columns: [
      { title: "Signed in", cell: ({ createdAt }) => moment(createdAt) },
      { title: "Last used", cell: ({ lastUsedAt }) => moment(lastUsedAt) },
      { title: "Expires", cell: ({ expiresAt }) => moment(expiresAt) },
      { title: "Method", cell: ({ signInMethod }) => methodNames[signInMethod] },
      {
        title: "Action",
        cell: ({ id, current }) => (current ? "This session" : actionButton("End", () => end(id))),
      },
    ],
    load: (cursor) => api.page(path, { cursor }, signal),
    empty: "You have no session.",
  });
  const reload = () => list.reload();
  const end = async (id: string): Promise<void> => {
    const outcome = await ask({
      title: "End the session?",
      text: "Whoever uses it is signed out at once. If it is not yours, change your password as well.",
      submit: "End the session",
      danger: true,
      act: () => endIfAlive(id),
    });
    await settle(outcome, reload, "The session has ended.");
  };
  const endIfAlive = async (id: string): Promise<void> => {
    try {
      await api.end(`${path}/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== "not_found") throw error;
    }
  };
  const heading = headingOf("Your sessions");
  return { heading, content: [heading, list.element], load: reload };
}
