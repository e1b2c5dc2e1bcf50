/** The list of a partner's webhook endpoints. The partner alone changes them. */
import { element, type Child } from "./dom.ts";
import { age, badge, clamped, moment, technicalName } from "./format.ts";
import { PagedList } from "./paged-list.ts";
import type { WebhookEndpoint } from "./resources.ts";
import type { Console } from "./view.ts";

const reasons: Readonly<Record<NonNullable<WebhookEndpoint["disabledReason"]>, string>> = {
  by_partner: "by the partner",
  gone: "it answered 410",
  failing: "no success for five days",
};

/** @param partnerPath path of the partner in the API */
export function partnerWebhooks({ api, signal }: Console, partnerPath: string): PagedList<WebhookEndpoint> {
  return new PagedList<WebhookEndpoint>({
    things: "webhook endpoints",
    columns: [
      { title: "URL", cell: ({ url }) => clamped(url) },
      { title: "Status", cell: statusOf },
      { title: "Failing since", cell: failureOf },
      { title: "Event types", cell: typesOf },
      { title: "Created", cell: ({ createdAt }) => moment(createdAt) },
      { title: "Changed", cell: ({ updatedAt }) => moment(updatedAt) },
    ],
    load: (cursor) => api.page(`${partnerPath}/webhook-endpoints`, { cursor }, signal),
    empty: "The partner has no webhook endpoints.",
  });
}

function statusOf({ status, disabledReason }: WebhookEndpoint): Child {
  if (disabledReason === null) return badge(status);
  return element("span", {}, badge(status), " ", element("span", { class: "hint" }, reasons[disabledReason]));
}

/** A disabled endpoint gets no attempts, so it keeps the time of its last failures. */
function failureOf({ failingSince }: WebhookEndpoint): Child {
  if (failingSince === null) return "not failing";
  return element("span", {}, moment(failingSince), `, ${age(failingSince)}`);
}

function typesOf({ eventTypes }: WebhookEndpoint): Child {
  if (eventTypes === null) return "all";
  return element("ul", { class: "plain" }, ...eventTypes.map((type) => element("li", {}, technicalName(type))));
}
