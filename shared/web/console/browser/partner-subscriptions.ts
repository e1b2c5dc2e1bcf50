/** The list of a partner's subscriptions, filtered by status, or searched by customer or id. */
import { badge, clamped, clampedLink, moment } from "./format.ts";
import { choice, searchField } from "./list-controls.ts";
import { complainOf } from "./messages.ts";
import { PagedList } from "./paged-list.ts";
import { partnersHash } from "./partner-fields.ts";
import type { SubscriptionView } from "./resources.ts";
import type { Console } from "./view.ts";

const statuses = ["scheduled", "active", "expired", "cancelled"] as const;

/** @param partnerPath path of the partner in the API */
export function partnerSubscriptions(
  { api, signal }: Console,
  partnerPath: string,
  partnerId: string,
): PagedList<SubscriptionView> {
  const reload = (): void => {
    status.enable(search.value() === "");
    void list.reload().catch(complainOf);
  };
  const search = searchField("External user or subscription id", signal, reload);
  const status = choice("status", "Status", [["", "all"], ...statuses.map((value) => [value, value] as const)], reload);
  status.enable(search.value() === "");
  const query = (): Readonly<Record<string, string>> => {
    const wanted = search.value();
    if (/^sub_[0-9A-Z]{26}$/.test(wanted)) return { subscriptionId: wanted };
    if (wanted !== "") return { externalUserIdPrefix: wanted };
    return status.value() === "" ? {} : { status: status.value() };
  };
  const link = (user: string) => `${partnersHash}/${partnerId}/subscriptions/${encodeURIComponent(user)}`;
  const list: PagedList<SubscriptionView> = new PagedList<SubscriptionView>({
    things: "subscriptions",
    columns: [
      { title: "External user", cell: ({ externalUserId: user }) => clampedLink(link(user), user) },
      { title: "E-mail", cell: ({ userEmail }) => (userEmail === "" ? "erased" : clamped(userEmail)) },
      { title: "Status", cell: (subscription) => badge(subscription.status) },
      { title: "Starts", cell: ({ startsAt }) => moment(startsAt) },
      { title: "Ends", cell: ({ expiresAt }) => moment(expiresAt) },
    ],
    load: (cursor) => api.page(`${partnerPath}/subscriptions`, { cursor, ...query() }, signal),
    empty: () =>
      search.value() === "" ? "There are no subscriptions here." : "No subscription is found by this text.",
    tools: [search.element, status.element],
  });
  return list;
}
