/** The list of users, with the creation of a new one. */
import { ask } from "./dialogs.ts";
import type { Field } from "./forms.ts";
import { badge, clamped, clampedLink, number, wholeNumberOf } from "./format.ts";
import { say } from "./messages.ts";
import { PagedList } from "./paged-list.ts";
import type { User } from "./resources.ts";
import { actionButton, headingOf, type Console, type View } from "./view.ts";

export const usersPath = "/v1/users";

export const usersHash = "#/users";

export function usersView(console: Console): View {
  const { api, signal } = console;
  const list = new PagedList<User>({
    things: "users",
    columns: [
      { title: "Username", cell: ({ id, username }) => clampedLink(`${usersHash}/${id}`, username) },
      { title: "Name", cell: ({ name }) => clamped(name) },
      { title: "Role", cell: ({ role }) => role },
      { title: "Status", cell: ({ status }) => badge(status) },
      { title: "Credit", cell: ({ credit }) => number(credit), numeric: true },
    ],
    load: (cursor) => api.page(usersPath, { cursor }, signal),
    empty: "There are no users yet.",
    textOf: ({ id, username, name, role, status }) => [id, username, name, role, status].join("\n"),
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
    hint: "12 to 128 characters. The user can change it.",
    autocomplete: "new-password",
    codes: ["password_too_common"],
  },
  { name: "credit", label: "Credit", inputmode: "numeric", optional: true, read: wholeNumberOf },
];

async function create({ api, go }: Console): Promise<void> {
  let created: User | undefined;
  await ask({
    title: "Create a user",
    fields: creationFields,
    submit: "Create",
    act: async (values) => {
      created = await api.post<User>(usersPath, values);
    },
  });
  if (created === undefined) return;
  const { id, name } = created;
  go(`${usersHash}/${id}`, () => say(`${name} is created.`));
}
