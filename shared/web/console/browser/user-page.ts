/** Users: the list, creating one, and the page of one with its credit. */
import type { CreditMovement, User } from "../../../users/contract.ts";
import { ask } from "./dialogs.ts";
import { element } from "./dom.ts";
import { badge, moment, number, signed, wholeNumberOf } from "./format.ts";
import { list } from "./list.ts";
import { say } from "./messages.ts";
import { actionButton, headingOf, resourceView, type Action, type Console, type View } from "./view.ts";

const path = "/v1/users";
const hashOf = (id: string): string => `#/users/${id}`;

export function usersView({ api, signal, go }: Console): View {
  const create = async (): Promise<void> => {
    let made: User | undefined;
    await ask({
      title: "Create a user",
      fields: [
        {
          name: "username",
          label: "Username",
          hint: "3 to 64 of a-z 0-9 . _ -",
          codes: ["username_taken"],
        },
        { name: "name", label: "Name" },
        {
          name: "password",
          label: "Password",
          type: "password",
          hint: "12 to 128 characters; the user can change it",
          autocomplete: "new-password",
          codes: ["password_too_common"],
        },
        { name: "credit", label: "Credit", inputmode: "numeric", optional: true, read: wholeNumberOf },
      ],
      submit: "Create",
      act: async (values) => {
        made = await api.post<User>(path, values);
      },
    });
    if (made === undefined) return;
    const { id, name } = made;
    go(hashOf(id), () => say(`${name} is created.`));
  };
  const users = list<User>({
    things: "users",
    columns: [
      { title: "Username", cell: ({ id, username }) => element("a", { href: hashOf(id) }, username) },
      { title: "Name", cell: ({ name }) => name },
      { title: "Role", cell: ({ role }) => role },
      { title: "Status", cell: ({ status }) => badge(status) },
      { title: "Credit", cell: ({ credit }) => number(credit), numeric: true },
    ],
    load: (cursor) => api.page(path, { cursor }, signal),
    empty: "There are no users yet.",
    textOf: ({ id, username, name, role, status }) => [id, username, name, role, status].join("\n"),
    tools: [actionButton("Create a user", create, { class: "primary" })],
  });
  const heading = headingOf("Users");
  return { heading, content: [heading, users.element], load: users.reload };
}

export function userView({ api, signal, go }: Console, id: string): View {
  const own = `${path}/${encodeURIComponent(id)}`;
  const me = api.session.user;
  const ledger = list<CreditMovement>({
    things: "movements",
    columns: [
      { title: "When", cell: ({ at }) => moment(at) },
      { title: "Amount", cell: ({ amount }) => signed(amount), numeric: true },
      { title: "Balance", cell: ({ balance }) => number(balance), numeric: true },
      { title: "Reason", cell: ({ reason }) => reason },
    ],
    load: (cursor) => api.page(`${own}/credit`, { cursor }, signal),
    empty: "No credit has been granted or spent yet.",
  });
  const grant = ({ name }: User): Action => ({
    label: "Grant credit",
    dialog: {
      title: "Grant credit",
      text: `The credit of ${name} moves by the amount. It never goes below 0.`,
      fields: [
        {
          name: "amount",
          label: "Amount",
          hint: "A whole number; with a minus it is taken away",
          read: wholeNumberOf,
          codes: ["credit_insufficient"],
        },
        { name: "reason", label: "Reason", hint: "The user sees it" },
      ],
      submit: "Grant",
    },
    act: (values) => api.post(`${own}/credit`, values),
    done: "The credit is moved.",
  });

  return resourceView<User>({
    back: ["#/users", "Users"],
    read: () => api.get(own, signal),
    facts: (user) => [
      ["Username", user.username],
      ["Role", user.role],
      ["Credit", number(user.credit)],
      ["Birth date", user.birthDate ?? "not given"],
      ["Sex", user.sex ?? "not given"],
      ["Created", moment(user.createdAt)],
      ["Changed", moment(user.updatedAt)],
    ],
    note: (user) => {
      if (user.id === me.id) return "This is you: somebody else has to suspend you or change your role.";
      return user.role === "root" ? "Nobody suspends, demotes or deletes root." : undefined;
    },
    actions: (user) => {
      const untouchable = user.role === "root" || user.id === me.id;
      return {
        grant: grant(user),
        ...(!untouchable && {
          role: me.role === "root" ? roleAction(own, user, api) : undefined,
          status: suspension(own, user, api),
          delete: {
            label: "Delete",
            danger: true,
            dialog: {
              title: "Delete the user?",
              text: `${user.name} is signed out and removed. This cannot be undone, and nobody gets the username ${user.username} again.`,
              submit: "Delete",
              danger: true,
            },
            act: () => api.delete(own, user.etag),
            done: "",
            afterwards: () => go("#/users", () => say(`${user.name} is deleted.`)),
          },
        }),
      };
    },
    below: { title: "Credit", element: ledger.element, reload: ledger.reload },
  });
}

function roleAction(own: string, { name, role, etag }: User, api: Console["api"]): Action {
  const demotes = role === "admin";
  return {
    label: demotes ? "Take the admin role" : "Make an administrator",
    dialog: {
      title: demotes ? "Take the admin role?" : "Make an administrator?",
      text: demotes
        ? `${name} can no longer use this console.`
        : `${name} can then do all that you see here, but for changing roles.`,
      submit: demotes ? "Take the role" : "Make an administrator",
    },
    act: () => api.patch(own, etag, { role: demotes ? "user" : "admin" }),
    done: demotes ? `${name} is an administrator no longer.` : `${name} is an administrator.`,
  };
}

function suspension(own: string, { name, status, etag }: User, api: Console["api"]): Action {
  if (status === "suspended") {
    return {
      label: "Resume",
      act: () => api.patch(own, etag, { status: "active" }),
      done: `${name} can sign in again.`,
    };
  }
  return {
    label: "Suspend",
    dialog: {
      title: "Suspend the user?",
      text: `${name} is signed out everywhere and cannot sign in until resumed.`,
      submit: "Suspend",
    },
    act: () => api.patch(own, etag, { status: "suspended" }),
    done: `${name} is suspended.`,
  };
}
