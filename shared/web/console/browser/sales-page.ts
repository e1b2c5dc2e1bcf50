/** What all partners together sell and call. */
import { element } from "./dom.ts";
import { explanationOf } from "./messages.ts";
import { requestCharts } from "./request-charts.ts";
import type { UsageOfAll } from "./resources.ts";
import { salesCharts } from "./sales-charts.ts";
import { headingOf, type Console, type View } from "./view.ts";

export const salesHash = "#/sales";

export function salesView({ api, signal }: Console): View {
  const heading = headingOf("Sales");
  const nothing = element("p", { class: "empty" }, "Loading…");
  const section = element("section", { class: "usage" }, nothing);
  return {
    heading,
    content: [heading, element("h2", {}, "All partners, the last thirty days"), section],
    load: async () => {
      try {
        const { days } = await api.get<UsageOfAll>("/v1/usage/all-partners", signal);
        section.replaceChildren(salesCharts(days), requestCharts(days));
      } catch (error) {
        nothing.textContent = explanationOf(error);
        throw error;
      }
    },
  };
}
