/** The page of a partner: its facts, its actions and, in tabs, what belongs to it. */
import { auditTrail } from "./audit-trail.ts";
import { copyableId } from "./clipboard.ts";
import { element, type Child } from "./dom.ts";
import type { Field } from "./forms.ts";
import { age, clamped, moment } from "./format.ts";
import { say } from "./messages.ts";
import { limitActions, limitFacts } from "./partner-limits.ts";
import { partnersHash, partnersPath, profileFields, showSecret, type NewSecret } from "./partner-fields.ts";
import { partnerCompanies } from "./partner-companies.ts";
import { deletePartner, offBoarding } from "./partner-off-boarding.ts";
import { partnerSubscriptions } from "./partner-subscriptions.ts";
import { partnerUsage } from "./partner-usage.ts";
import { partnerWebhooks } from "./partner-webhooks.ts";
import { ResourceView, tabbed, type Action, type Actions } from "./resource-view.ts";
import type { Partner, SecretState } from "./resources.ts";
import type { Console, View } from "./view.ts";

type PartnerWithSecret = Partner & { readonly secret: SecretState };

/** @param tab the end of the tab's address */
export function partnerView(console: Console, id: string, tab = ""): View {
  const { api, signal } = console;
  const path = `${partnersPath}/${encodeURIComponent(id)}`;
  return new ResourceView<PartnerWithSecret>({
    thing: "partner",
    id,
    back: [partnersHash, "Partners"],
    read: async () => {
      const [partner, secret] = await Promise.all([
        api.get<Partner>(path, signal),
        api.get<SecretState>(`${path}/secret`, signal),
      ]);
      return { ...partner, secret };
    },
    status: ({ status }) => status,
    facts: factsOf,
    actions: (partner) => actionsOf(path, partner, console),
    below: tabbed({ label: "About the partner", hash: `${partnersHash}/${id}`, current: tab }, [
      { end: "", title: "Subscriptions", make: () => partnerSubscriptions(console, path, id) },
      { end: "/companies", title: "Companies", make: () => partnerCompanies(console, path, id) },
      { end: "/usage", title: "Usage", make: () => partnerUsage(console, path) },
      { end: "/webhooks", title: "Webhooks", make: () => partnerWebhooks(console, path) },
      { end: "/audit", title: "Audit trail", make: () => auditTrail(console, id) },
    ]),
  });
}

function factsOf(partner: PartnerWithSecret): readonly (readonly [string, Child])[] {
  return [
    ["Client id", copyableId("Client id", partner.id)],
    ["Website", websiteLink(partner.websiteUrl)],
    ...sandboxFacts(partner),
    ["Valid tokens", partner.tokenPolicy === "single" ? "one at a time" : "many"],
    ["Client secret issued", secretAge(partner.secret)],
    ["Last token issued", tokenAge(partner)],
    ...limitFacts(partner),
    ["Registered", moment(partner.createdAt)],
    ["Changed", moment(partner.updatedAt)],
  ];
}

/** What binds a live partner and its sandbox, with links both ways. A sandbox has no e-mail address. */
function sandboxFacts({ email, sandboxId, sandboxOf }: Partner): readonly (readonly [string, Child])[] {
  if (sandboxOf !== null) return [["Sandbox of", partnerLink(sandboxOf)]];
  const address = ["E-mail", clamped(email)] as const;
  return sandboxId === null ? [address] : [address, ["Sandbox", partnerLink(sandboxId)]];
}

function partnerLink(id: string): Child {
  return element("a", { href: `${partnersHash}/${id}` }, id);
}

function secretAge({ issuedAt, previousValidUntil }: SecretState): Child {
  const issued = issuedAt === null ? "not recorded" : element("span", {}, moment(issuedAt), `, ${age(issuedAt)}`);
  if (previousValidUntil === null) return issued;
  return element("span", {}, issued, "; the previous one works until ", moment(previousValidUntil));
}

/** With many valid tokens, an issue writes nothing, so nothing tells when the last one was. */
function tokenAge({ tokenPolicy, secret: { lastTokenIssuedAt: issuedAt } }: PartnerWithSecret): Child {
  if (issuedAt !== null) return element("span", {}, moment(issuedAt), `, ${age(issuedAt)}`);
  return tokenPolicy === "many" ? "not recorded for partners with many tokens" : "none is recorded";
}

function actionsOf(path: string, partner: Partner, { api, go }: Console): Actions {
  const { name, etag } = partner;
  return {
    edit: {
      label: "Edit",
      dialog: {
        title: "Edit the partner",
        fields: [...profileFields(partner), tokenPolicyField(partner)],
        submit: "Save",
      },
      act: (values) => api.patch(path, etag, values),
      done: "The partner is changed.",
    },
    ...limitActions(path, partner, api),
    secret: newSecret(path, partner, api),
    revoke: {
      label: "Revoke tokens",
      danger: true,
      dialog: {
        title: "Revoke all tokens?",
        text: `Every access token of ${name} stops working immediately. You cannot undo this. The partner can get a new token with its secret.`,
        submit: "Revoke tokens",
        danger: true,
      },
      act: () => api.post(`${path}/revoke-tokens`, {}),
      done: "The tokens are revoked.",
    },
    ...(partner.sandboxOf === null && endings(path, partner, { api, go })),
  };
}

/** What ends a partner for a time or for good. A sandbox has none: it follows its live partner. */
function endings(path: string, partner: Partner, { api, go }: Pick<Console, "api" | "go">): Actions {
  const { name, etag } = partner;
  return {
    status: suspension(path, partner, api),
    offBoard: offBoarding(path, partner, api),
    delete: {
      label: "Delete",
      danger: true,
      dialog: {
        title: "Delete the partner?",
        text: `This deletes ${name}, its ended subscriptions and its sandbox. You cannot undo this. The partner must have no live subscriptions and no companies: off-board it first.`,
        submit: "Delete",
        danger: true,
      },
      act: () => deletePartner(api, path, etag),
      done: "",
      afterwards: () => go(partnersHash, () => say(`${name} is deleted.`)),
    },
  };
}

function suspension(path: string, { name, status, etag }: Partner, api: Console["api"]): Action {
  if (status === "suspended") {
    return {
      label: "Resume",
      act: () => api.patch(path, etag, { status: "active" }),
      done: `${name} is active again. It needs a new token.`,
    };
  }
  return {
    label: "Suspend",
    dialog: {
      title: "Suspend the partner?",
      text: `${name} cannot call the API until you resume it. Its access tokens end now and stay invalid.`,
      submit: "Suspend",
    },
    act: () => api.patch(path, etag, { status: "suspended" }),
    done: `${name} is suspended.`,
  };
}

function newSecret(path: string, { name }: Partner, api: Console["api"]): Action {
  let created: NewSecret | undefined;
  const gracePeriod: Field = {
    name: "gracePeriod",
    label: "The current secret works",
    options: [
      ["PT0S", "no longer"],
      ["PT1H", "for 1 more hour"],
      ["P1D", "for 1 more day"],
      ["P7D", "for 7 more days"],
    ],
  };
  return {
    label: "New secret",
    dialog: {
      title: "Create a new client secret",
      text: `The new secret replaces the secret of ${name}. Access tokens stay valid. If the secret has leaked, revoke them as well.`,
      fields: [gracePeriod],
      submit: "Create the secret",
    },
    act: async (values) => {
      created = await api.post<NewSecret>(`${path}/secret`, values);
    },
    done: "",
    afterwards: async () => {
      if (created === undefined) return;
      const report = await showSecret("The new client secret", created, "The secret is replaced.");
      report();
    },
  };
}

function tokenPolicyField({ tokenPolicy }: Partner): Field {
  return {
    name: "tokenPolicy",
    label: "Valid tokens",
    hint: "A change back to one at a time ends all tokens.",
    options: [
      ["single", "one at a time"],
      ["many", "many, for several servers"],
    ],
    value: tokenPolicy,
  };
}

/** A link only for `https:`, the one scheme that the API accepts: a `javascript:` URL must never become a link here. */
function websiteLink(url: string): Child {
  if (!url.startsWith("https://")) return clamped(url);
  return element("a", { class: "clamped", title: url, href: url, rel: "noreferrer", target: "_blank" }, url);
}
