/** The list of users, with the creation of a new one. */
import { ask } from "./dialogs.ts";
import type { Field } from "./forms.ts";
import { badge, clamped, clampedLink, number, wholeNumberOf } from "./format.ts";
import { say } from "./messages.ts";
import { orderedList } from "./ordered-list.ts";
import { showPasswordLink } from "./password-link.ts";
import type { User } from "./resources.ts";
import { usersHash, usersPath } from "./user-fields.ts";
import { actionButton, headingOf, type Console, type View } from "./view.ts";

export function usersView(console: Console): View {
  const list = orderedList<User>(console, {
    path: usersPath,
    things: "users",
    searched: "username, name",
    orders: [
      ["username", "by username"],
      ["name", "by name"],
    ],
    columns: [
      { title: "Username", cell: ({ id, username }) => clampedLink(`${usersHash}/${id}`, username) },
      { title: "Name", cell: ({ name }) => clamped(name) },
      { title: "Role", cell: ({ role }) => role },
      { title: "Status", cell: ({ status }) => badge(status) },
      { title: "Credit", cell: ({ credit }) => number(credit), numeric: true },
    ],
    empty: "There are no users yet.",
    tools: [actionButton("Create a user", () => create(console), { class: "primary" })],
  });
  const heading = headingOf("Users");
  return { heading, content: [heading, list.element], load: () => list.reload() };
}

const creationFields: readonly Field[] = [
  { name: "username", label: "Username", hint: "3 to 64 of a-z 0-9 . _ -", codes: ["username_taken"] },
  { name: "name", label: "Name" },
  {
    name: "password",
    label: "Password",
    type: "password",
    hint: "Leave it empty to get a one-time link, with which the person sets it. A password is for one sign-in.",
    optional: true,
    autocomplete: "new-password",
    codes: ["password_too_common"],
  },
  { name: "credit", label: "Credit", inputmode: "numeric", optional: true, read: wholeNumberOf },
];

async function create({ api, go }: Console): Promise<void> {
  let created: User | undefined;
  let withLink = false;
  await ask({
    title: "Create a user",
    fields: creationFields,
    submit: "Create",
    act: async (values) => {
      created = await api.post<User>(usersPath, values);
      withLink = values["password"] === undefined;
    },
  });
  if (created === undefined) return;
  const { id, name } = created;
  const greet = withLink ? await showPasswordLink(api, created) : () => say(`${name} is created.`);
  go(`${usersHash}/${id}`, greet);
}
