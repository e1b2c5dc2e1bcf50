/** Partners: the list, registering one, and the page of one with its subscriptions. */
import type { Partner } from "../../../partners/contract.ts";
import { ask, showOnce } from "./dialogs.ts";
import { element } from "./dom.ts";
import type { Field } from "./forms.ts";
import { address, badge, moment } from "./format.ts";
import { list } from "./list.ts";
import { complain, say } from "./messages.ts";
import { subscriptionsOf } from "./subscriptions.ts";
import { actionButton, headingOf, resourceView, type Action, type Console, type View } from "./view.ts";

const path = "/v1/partners";
const hashOf = (id: string): string => `#/partners/${id}`;

interface Secret {
  readonly clientId: string;
  readonly clientSecret?: string;
}

export function partnersView({ api, signal, go }: Console): View {
  const register = async (): Promise<void> => {
    let made: (Partner & Secret) | undefined;
    await ask({
      title: "Register a partner",
      fields: profileFields(),
      submit: "Register",
      act: async (values) => {
        made = await api.post<Partner & Secret>(path, values);
      },
    });
    if (made === undefined) return;
    const { id, name } = made;
    const tell = await showSecret("The partner's client secret", made, `${name} is registered.`);
    go(hashOf(id), tell);
  };
  const partners = list<Partner>({
    things: "partners",
    columns: [
      { title: "Name", cell: ({ id, name }) => element("a", { href: hashOf(id) }, name) },
      { title: "E-mail", cell: ({ email }) => address(email) },
      { title: "Status", cell: ({ status }) => badge(status) },
      { title: "Registered", cell: ({ createdAt }) => moment(createdAt) },
    ],
    load: (cursor) => api.page(path, { cursor }, signal),
    empty: "There are no partners yet. Register the first one.",
    textOf: ({ id, name, email, websiteUrl, status }) => [id, name, email, websiteUrl, status].join("\n"),
    tools: [actionButton("Register a partner", register, { class: "primary" })],
  });
  const heading = headingOf("Partners");
  return { heading, content: [heading, partners.element], load: partners.reload };
}

export function partnerView(console: Console, id: string): View {
  const { api, signal, go } = console;
  const own = `${path}/${encodeURIComponent(id)}`;
  return resourceView<Partner>({
    back: ["#/partners", "Partners"],
    read: () => api.get(own, signal),
    facts: (partner) => [
      ["Client id", element("code", {}, partner.id)],
      ["Website", websiteOf(partner.websiteUrl)],
      ["E-mail", address(partner.email)],
      ["Valid tokens", partner.tokenPolicy === "single" ? "one at a time" : "many"],
      ["Registered", moment(partner.createdAt)],
      ["Changed", moment(partner.updatedAt)],
    ],
    actions: (partner) => ({
      edit: {
        label: "Edit",
        dialog: {
          title: "Edit the partner",
          fields: [...profileFields(partner), tokenPolicyField(partner)],
          submit: "Save",
        },
        act: (values) => api.patch(own, partner.etag, values),
        done: "The partner is changed.",
      },
      secret: newSecret(own, partner, api),
      revoke: {
        label: "Revoke tokens",
        danger: true,
        dialog: {
          title: "Revoke all tokens?",
          text: `Every access token of ${partner.name} is refused from now on. This cannot be undone; the partner gets a new one with its secret.`,
          submit: "Revoke tokens",
          danger: true,
        },
        act: () => api.post(`${own}/revoke-tokens`, {}),
        done: "The tokens are revoked.",
      },
      status: suspension(own, partner, api),
      delete: {
        label: "Delete",
        danger: true,
        dialog: {
          title: "Delete the partner?",
          text: `${partner.name} and its ended subscriptions are removed. This cannot be undone. It is refused as long as a subscription is live.`,
          submit: "Delete",
          danger: true,
        },
        act: () => api.delete(own, partner.etag),
        done: "",
        afterwards: () => go("#/partners", () => say(`${partner.name} is deleted.`)),
      },
    }),
    below: { title: "Subscriptions", ...subscriptionsOf(console, own) },
  });
}

function suspension(own: string, { name, status, etag }: Partner, api: Console["api"]): Action {
  if (status === "suspended") {
    return {
      label: "Resume",
      act: () => api.patch(own, etag, { status: "active" }),
      done: `${name} is active again. It needs a new token.`,
    };
  }
  return {
    label: "Suspend",
    dialog: {
      title: "Suspend the partner?",
      text: `${name} can do nothing until it is resumed. Its access tokens end now, and stay ended.`,
      submit: "Suspend",
    },
    act: () => api.patch(own, etag, { status: "suspended" }),
    done: `${name} is suspended.`,
  };
}

function newSecret(own: string, { name }: Partner, api: Console["api"]): Action {
  let made: Secret | undefined;
  return {
    label: "New secret",
    dialog: {
      title: "Make a new client secret",
      text: `It replaces the secret of ${name}. Access tokens stay valid: if the secret has leaked, revoke them, too.`,
      fields: [
        {
          name: "gracePeriod",
          label: "The present secret works",
          options: [
            ["PT0S", "no longer"],
            ["PT1H", "for another hour"],
            ["P1D", "for another day"],
            ["P7D", "for another seven days"],
          ],
        },
      ],
      submit: "Make a secret",
    },
    act: async (values) => {
      made = await api.post<Secret>(`${own}/secret`, values);
    },
    done: "",
    afterwards: async () => {
      if (made === undefined) return;
      const tell = await showSecret("The new client secret", made, "The secret is replaced.");
      tell();
    },
  };
}

/**
 * Shows a secret that was made.
 *
 * @returns says how it ended: a replayed answer lacks the secret, for the first one, which had it, got lost on its way
 */
async function showSecret(title: string, { clientId, clientSecret }: Secret, done: string): Promise<() => void> {
  if (clientSecret === undefined) {
    return () => complain("It is done, but the answer with the client secret was lost on its way. Make a new secret.");
  }
  await showOnce(
    title,
    "Keep the secret now, in a safe place: it is shown this once and nobody can look it up later.",
    [
      ["Client id", clientId],
      ["Client secret", clientSecret],
    ],
  );
  return () => say(done);
}

function profileFields(partner?: Partner): Field[] {
  return [
    { name: "name", label: "Name", ...(partner && { value: partner.name }) },
    {
      name: "websiteUrl",
      label: "Website",
      type: "url",
      hint: "Begins with https://",
      ...(partner && { value: partner.websiteUrl }),
    },
    {
      name: "email",
      label: "E-mail",
      type: "email",
      codes: ["partner_email_taken"],
      ...(partner && { value: partner.email }),
    },
  ];
}

function tokenPolicyField({ tokenPolicy }: Partner): Field {
  return {
    name: "tokenPolicy",
    label: "Valid tokens",
    hint: "Going back to one at a time ends all tokens.",
    options: [
      ["single", "one at a time"],
      ["many", "many, for several servers"],
    ],
    value: tokenPolicy,
  };
}

function websiteOf(url: string) {
  // The API takes no other scheme; a link that is not one must not become one here.
  return url.startsWith("https://") ? element("a", { href: url, rel: "noreferrer", target: "_blank" }, url) : url;
}
