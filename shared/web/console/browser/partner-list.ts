/** The list of partners, with the registration of a new one. */
import { ask } from "./dialogs.ts";
import { badge, clamped, clampedLink, moment } from "./format.ts";
import { orderedList } from "./ordered-list.ts";
import { partnersHash, partnersPath, profileFields, showSecret, type NewSecret } from "./partner-fields.ts";
import type { Partner } from "./resources.ts";
import { actionButton, headingOf, type Console, type View } from "./view.ts";

export function partnersView(console: Console): View {
  const list = orderedList<Partner>(console, {
    path: partnersPath,
    things: "partners",
    searched: "name, e-mail",
    orders: [
      ["name", "by name"],
      ["email", "by e-mail"],
    ],
    columns: [
      { title: "Name", cell: ({ id, name }) => clampedLink(`${partnersHash}/${id}`, name) },
      { title: "E-mail", cell: ({ email }) => clamped(email) },
      { title: "Status", cell: ({ status }) => badge(status) },
      { title: "Registered", cell: ({ createdAt }) => moment(createdAt) },
    ],
    empty: "There are no partners yet. Register the first one.",
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
