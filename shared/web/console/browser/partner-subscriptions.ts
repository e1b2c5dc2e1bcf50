/** A partner's subscriptions. They are the partner's to change; administrators read them. */
import type { SubscriptionView } from "../../../subscriptions/contract.ts";
import { element, newElementId } from "./dom.ts";
import { address, badge, moment } from "./format.ts";
import { list } from "./list.ts";
import { complainOf } from "./messages.ts";
import type { Console } from "./view.ts";

const statuses = ["scheduled", "active", "expired", "cancelled"] as const;

/** @param partner path of the partner */
export function subscriptionsOf({ api, signal }: Console, partner: string) {
  const id = newElementId();
  const status = element(
    "select",
    { id, onchange: () => void subscriptions.reload().catch(complainOf) },
    element("option", { value: "" }, "all"),
    ...statuses.map((value) => element("option", { value }, value)),
  );
  const subscriptions = list<SubscriptionView>({
    things: "subscriptions",
    columns: [
      { title: "External user", cell: ({ externalUserId }) => externalUserId },
      { title: "E-mail", cell: ({ userEmail }) => address(userEmail) },
      { title: "Status", cell: (subscription) => badge(subscription.status) },
      { title: "Starts", cell: ({ startsAt }) => moment(startsAt) },
      { title: "Ends", cell: ({ expiresAt }) => moment(expiresAt) },
    ],
    load: (cursor) =>
      api.page(`${partner}/subscriptions`, { cursor, status: status.value === "" ? undefined : status.value }, signal),
    empty: "There are no subscriptions here.",
    textOf: ({ externalUserId, userEmail }) => `${externalUserId}\n${userEmail}`,
    tools: [element("div", { class: "filter" }, element("label", { for: id }, "Status"), status)],
  });
  return { element: subscriptions.element, reload: subscriptions.reload };
}
