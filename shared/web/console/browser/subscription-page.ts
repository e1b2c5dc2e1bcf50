/** The page of a partner's subscription: its term, its history, and what an administrator can do for the partner. */
import { copyableId } from "./clipboard.ts";
import type { Child } from "./dom.ts";
import { clamped, moment } from "./format.ts";
import { PagedList } from "./paged-list.ts";
import { partnersHash, partnersPath } from "./partner-fields.ts";
import { ResourceView, type Actions } from "./resource-view.ts";
import type { HistoryEntry, SubscriptionView } from "./resources.ts";
import type { Console, View } from "./view.ts";

type NamedSubscription = SubscriptionView & { readonly name: string };

export function subscriptionView(console: Console, partnerId: string, externalUserId: string): View {
  const { api, signal } = console;
  const path = `${partnersPath}/${encodeURIComponent(partnerId)}/subscriptions/${encodeURIComponent(externalUserId)}`;
  return new ResourceView<NamedSubscription>({
    thing: "subscription",
    id: externalUserId,
    idIs: "the external user id",
    back: [`${partnersHash}/${partnerId}`, "The partner"],
    read: async () => ({ ...(await api.get<SubscriptionView>(path, signal)), name: externalUserId }),
    status: ({ status }) => status,
    facts: factsOf,
    actions: (subscription) => actionsOf(path, subscription, console),
    below: {
      title: "History",
      list: new PagedList<HistoryEntry>({
        things: "changes",
        columns: [
          { title: "When", cell: ({ at }) => moment(at) },
          { title: "Change", cell: ({ type }) => type.replaceAll("_", " ") },
          { title: "End before", cell: ({ from }) => (from === null ? "—" : moment(from.expiresAt)) },
          { title: "End after", cell: ({ to }) => (to === null ? "—" : moment(to.expiresAt)) },
          { title: "Access token", cell: ({ tokenId }) => clamped(tokenId) },
        ],
        load: (cursor) => api.page(`${path}/history`, { cursor }, signal),
        empty: "There are no changes.",
      }),
    },
  });
}

function factsOf(subscription: NamedSubscription): readonly (readonly [string, Child])[] {
  const { id, externalUserId, userEmail, duration, startsAt, expiresAt, createdAt, updatedAt } = subscription;
  return [
    ["Subscription id", copyableId("Subscription id", id)],
    ["External user id", copyableId("External user id", externalUserId)],
    ["E-mail", userEmail === "" ? "erased" : clamped(userEmail)],
    ["Duration sold last", duration],
    ["Starts", moment(startsAt)],
    ["Ends", moment(expiresAt)],
    ["Created", moment(createdAt)],
    ["Changed", moment(updatedAt)],
  ];
}

function actionsOf(path: string, { name, status, etag, userEmail }: NamedSubscription, { api }: Console): Actions {
  return {
    cancel:
      status === "cancelled"
        ? undefined
        : {
            label: "Cancel the subscription",
            danger: true,
            dialog: {
              title: "Cancel the subscription?",
              text: `The subscription of ${name} ends now. You cannot undo this; the partner can sell a new one.`,
              submit: "Cancel the subscription",
              danger: true,
            },
            act: () => api.delete(path, etag),
            done: "The subscription is cancelled.",
          },
    erase:
      userEmail === ""
        ? undefined
        : {
            label: "Erase the e-mail",
            danger: true,
            dialog: {
              title: "Erase the e-mail address?",
              text: `The e-mail address of ${name} is erased for you and for the partner. The sale and its history stay. You cannot undo this.`,
              submit: "Erase",
              danger: true,
            },
            act: () => api.end(`${path}/personal-data`),
            done: "The e-mail address is erased.",
          },
  };
}
