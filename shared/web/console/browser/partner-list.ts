/** The list of partners, with the registration of a new one. */
import { ask } from "./dialogs.ts";
import { badge, clamped, clampedLink, moment } from "./format.ts";
import { PagedList } from "./paged-list.ts";
import { partnersHash, partnersPath, profileFields, showSecret, type NewSecret } from "./partner-fields.ts";
import type { Partner } from "./resources.ts";
import { actionButton, headingOf, type Console, type View } from "./view.ts";

export function partnersView(console: Console): View {
  const { api, signal } = console;
  const list = new PagedList<Partner>({
    things: "partners",
    columns: [
      { title: "Name", cell: ({ id, name }) => clampedLink(`${partnersHash}/${id}`, name) },
      { title: "E-mail", cell: ({ email }) => clamped(email) },
      { title: "Status", cell: ({ status }) => badge(status) },
      { title: "Registered", cell: ({ createdAt }) => moment(createdAt) },
    ],
    load: (cursor) => api.page(partnersPath, { cursor }, signal),
    empty: "There are no partners yet. Register the first one.",
    textOf: ({ id, name, email, websiteUrl, status }) => [id, name, email, websiteUrl, status].join("\n"),
    tools: [actionButton("Register a partner", () => register(console), { class: "primary" })],
  });
  const heading = headingOf("Partners");
  return { heading, content: [heading, list.element], load: () => list.reload() };
}

async function register({ api, go }: Console): Promise<void> {
  let registered: (Partner & NewSecret) | undefined;
  await ask({
    title: "Register a partner",
    fields: profileFields(),
    submit: "Register",
    act: async (values) => {
      registered = await api.post<Partner & NewSecret>(partnersPath, values);
    },
  });
  if (registered === undefined) return;
  const { id, name } = registered;
  const greet = await showSecret("The partner's client secret", registered, `${name} is registered.`);
  go(`${partnersHash}/${id}`, greet);
}
