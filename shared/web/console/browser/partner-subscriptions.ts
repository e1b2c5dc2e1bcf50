/** The list of a partner's subscriptions. Only the partner changes them; administrators read them. */
import { parameter, setParameter } from "./address.ts";
import { element, newElementId } from "./dom.ts";
import { badge, clamped, moment } from "./format.ts";
import { complainOf } from "./messages.ts";
import { PagedList } from "./paged-list.ts";
import type { SubscriptionView } from "./resources.ts";
import type { Console } from "./view.ts";

const statuses = ["scheduled", "active", "expired", "cancelled"] as const;

/** @param partnerPath path of the partner in the API */
export function partnerSubscriptions({ api, signal }: Console, partnerPath: string): PagedList<SubscriptionView> {
  const id = newElementId();
  const chooseStatus = (): void => {
    setParameter("status", status.value);
    setParameter("pages", undefined);
    void list.reload().catch(complainOf);
  };
  const status = element(
    "select",
    { id, onchange: chooseStatus },
    element("option", { value: "" }, "all"),
    ...statuses.map((value) => element("option", { value }, value)),
  );
  status.value = statuses.find((value) => value === parameter("status")) ?? "";
  const list = new PagedList<SubscriptionView>({
    things: "subscriptions",
    columns: [
      { title: "External user", cell: ({ externalUserId }) => clamped(externalUserId) },
      { title: "E-mail", cell: ({ userEmail }) => clamped(userEmail) },
      { title: "Status", cell: (subscription) => badge(subscription.status) },
      { title: "Starts", cell: ({ startsAt }) => moment(startsAt) },
      { title: "Ends", cell: ({ expiresAt }) => moment(expiresAt) },
    ],
    load: (cursor) => api.page(`${partnerPath}/subscriptions`, { cursor, status: status.value || undefined }, signal),
    empty: "There are no subscriptions here.",
    textOf: ({ externalUserId, userEmail }) => `${externalUserId}\n${userEmail}`,
    tools: [element("div", { class: "filter" }, element("label", { for: id }, "Status"), status)],
  });
  return list;
}
