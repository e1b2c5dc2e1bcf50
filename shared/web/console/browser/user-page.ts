/** The page of a user: facts, actions and, in tabs, the ledger of credit movements and the audit trail. */
import { auditTrail } from "./audit-trail.ts";
import { copyableId } from "./clipboard.ts";
import { element, type Child } from "./dom.ts";
import { clamped, moment, number, signed, wholeNumberOf } from "./format.ts";
import { say } from "./messages.ts";
import { PagedList } from "./paged-list.ts";
import { ResourceView, tabbed, type Action, type Actions } from "./resource-view.ts";
import type { LedgerMovement, User } from "./resources.ts";
import { showPasswordLink } from "./password-link.ts";
import { usersHash, usersPath } from "./user-fields.ts";
import { userLinks } from "./user-links.ts";
import type { Console, View } from "./view.ts";

/** @param tab the end of the tab's address */
export function userView(console: Console, id: string, tab = ""): View {
  const { api, signal } = console;
  const path = `${usersPath}/${encodeURIComponent(id)}`;
  return new ResourceView<User>({
    thing: "user",
    id,
    back: [usersHash, "Users"],
    read: () => api.get(path, signal),
    status: ({ status }) => status,
    facts: factsOf,
    note: (user) => noteOf(user, api.session.user),
    actions: (user) => actionsOf(path, user, console),
    below: tabbed({ label: "About the user", hash: `${usersHash}/${id}`, current: tab }, [
      { end: "", title: "Credit", make: () => ledgerOf(console, path) },
      { end: "/audit", title: "Audit trail", make: () => auditTrail(console, id) },
    ]),
  });
}

function factsOf(user: User): readonly (readonly [string, Child])[] {
  return [
    ["User id", copyableId("User id", user.id)],
    ["Username", clamped(user.username)],
    ["Role", user.role],
    ["Credit", number(user.credit)],
    ["Birth date", user.birthDate ?? "not given"],
    ["Sex", user.sex ?? "not given"],
    ["Created", moment(user.createdAt)],
    ["Changed", moment(user.updatedAt)],
  ];
}

function noteOf(user: User, me: User): string | undefined {
  if (user.id === me.id) return "This is your own account. Another administrator can suspend it or change its role.";
  return user.role === "root" ? "Nobody can suspend, demote or delete root." : undefined;
}

function ledgerOf(console: Console, path: string): PagedList<LedgerMovement> {
  const { api, signal } = console;
  const linkTo = userLinks(console);
  return new PagedList<LedgerMovement>({
    things: "movements",
    columns: [
      { title: "When", cell: ({ at }) => moment(at) },
      { title: "Amount", cell: ({ amount }) => signed(amount), numeric: true },
      { title: "Balance", cell: ({ balance }) => number(balance), numeric: true },
      { title: "By", cell: (movement) => moverOf(movement, linkTo) },
      { title: "Reason", cell: ({ reason }) => element("span", { class: "prose" }, reason) },
    ],
    load: (cursor) => api.page(`${path}/credit`, { cursor }, signal),
    empty: "No credit has been granted or spent yet.",
  });
}

/** Who moved the credit: an administrator, or the user itself. */
function moverOf({ by, redemptionId }: LedgerMovement, linkTo: (id: string) => HTMLElement): Child {
  if (by === null) return redemptionId === null ? "not recorded" : "the user";
  return linkTo(by);
}

function actionsOf(path: string, user: User, { api, go }: Console): Actions {
  const me = api.session.user;
  if (user.role === "root" || user.id === me.id) return { grant: grantAction(path, user, api) };
  const { name, username, etag } = user;
  return {
    grant: grantAction(path, user, api),
    role: me.role === "root" ? roleAction(path, user, api) : undefined,
    status: suspension(path, user, api),
    link: user.role === "user" || me.role === "root" ? passwordLink(user, api) : undefined,
    factor: user.role === "user" || me.role === "root" ? factorReset(path, user, api) : undefined,
    delete: {
      label: "Delete",
      danger: true,
      dialog: {
        title: "Delete the user?",
        text: `This signs ${name} out and deletes the account. You cannot undo this, and nobody can use the username ${username} again.`,
        submit: "Delete",
        danger: true,
      },
      act: () => api.delete(path, etag),
      done: "",
      afterwards: () => go(usersHash, () => say(`${name} is deleted.`)),
    },
  };
}

function grantAction(path: string, { name }: User, api: Console["api"]): Action {
  return {
    label: "Grant credit",
    dialog: {
      title: "Grant credit",
      text: `The amount is added to the credit of ${name}. The credit cannot fall below 0.`,
      fields: [
        {
          name: "amount",
          label: "Amount",
          hint: "A whole number. A negative amount takes credit away.",
          read: wholeNumberOf,
          codes: ["credit_insufficient"],
        },
        { name: "reason", label: "Reason", hint: "The user sees it." },
      ],
      submit: "Grant",
    },
    act: (values) => api.post(`${path}/credit`, values),
    done: "The credit is changed.",
  };
}

function roleAction(path: string, { name, role, etag }: User, api: Console["api"]): Action {
  if (role === "admin") {
    return {
      label: "Remove the admin role",
      dialog: {
        title: "Remove the admin role?",
        text: `${name} can no longer use this console.`,
        submit: "Remove the role",
      },
      act: () => api.patch(path, etag, { role: "user" }),
      done: `${name} is no longer an administrator.`,
    };
  }
  return {
    label: "Make an administrator",
    dialog: {
      title: "Make an administrator?",
      text: `${name} can then do everything in this console except change roles.`,
      submit: "Make an administrator",
    },
    act: () => api.patch(path, etag, { role: "admin" }),
    done: `${name} is an administrator.`,
  };
}

function passwordLink(user: User, api: Console["api"]): Action {
  let report: (() => void) | undefined;
  return {
    label: "Link for a password",
    dialog: {
      title: "Make a one-time link?",
      text: `With the link, ${user.name} sets a new password and is signed out everywhere. An earlier link ends. A second factor stays.`,
      submit: "Make the link",
    },
    act: async () => {
      report = undefined;
      const shown = showPasswordLink(api, user);
      report = await shown;
    },
    done: "",
    afterwards: () => report?.(),
  };
}

function factorReset(path: string, { name }: User, api: Console["api"]): Action {
  return {
    label: "Reset the second factor",
    dialog: {
      title: "Reset the second factor?",
      text: `${name} is signed out everywhere and can sign in with the password alone. Make sure that ${name} has asked for it.`,
      submit: "Reset",
      danger: true,
    },
    act: () => api.post(`${path}/reset-second-factor`, {}),
    done: `${name} can enrol a new second factor.`,
  };
}

function suspension(path: string, { name, status, etag }: User, api: Console["api"]): Action {
  if (status === "suspended") {
    return {
      label: "Resume",
      act: () => api.patch(path, etag, { status: "active" }),
      done: `${name} can sign in again.`,
    };
  }
  return {
    label: "Suspend",
    dialog: {
      title: "Suspend the user?",
      text: `${name} is signed out everywhere and cannot sign in until you resume the account.`,
      submit: "Suspend",
    },
    act: () => api.patch(path, etag, { status: "suspended" }),
    done: `${name} is suspended.`,
  };
}
