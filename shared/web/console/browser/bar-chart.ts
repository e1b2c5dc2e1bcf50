/** A bar chart. Screen readers get its caption; the page has the same numbers in a table. */
import { element, svgElement } from "./dom.ts";
import { number } from "./format.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
}

export interface ChartOptions {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** A class that chooses the colour. */
  readonly kind: "served" | "refused" | "sold" | "live" | "delivered" | "failed";
}

/** The drawing is stretched to the width of the page, so it has no text. */
const slotWidth = 10;
const barWidth = 7;
const height = 100;
/** A value above 0 can be seen, however high the others are. */
const minBarHeight = 2;

export function barChart({ title, bars, kind }: ChartOptions): HTMLElement {
  const highest = bars.reduce<Bar>((most, bar) => (bar.value > most.value ? bar : most), { label: "", value: 0 });
  const caption = highest.value === 0 ? "none" : `at most ${number(highest.value)}, on ${highest.label}`;
  const figcaption = element("figcaption", {}, element("strong", {}, title), `: ${caption}`);
  if (highest.value === 0) return element("figure", {}, figcaption);
  const drawing = svgElement(
    "svg",
    {
      class: `chart ${kind}`,
      viewBox: `0 0 ${bars.length * slotWidth} ${height}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `${title} as a bar chart. A table has the numbers.`,
    },
    ...bars.map((bar, index) => columnOf(bar, index, highest.value)),
  );
  const ends = [bars.at(0), bars.at(-1)].map((bar) => element("span", {}, bar?.label));
  return element("figure", {}, figcaption, drawing, element("div", { class: "ends" }, ...ends));
}

/** A bar in a slot of full height, so that the tooltip of a low bar is easy to reach. */
function columnOf({ label, value }: Bar, index: number, highest: number): SVGElement {
  const barHeight = value === 0 ? 0 : Math.max(minBarHeight, (height * value) / highest);
  const x = index * slotWidth;
  return svgElement(
    "g",
    {},
    svgElement("title", {}, `${label}: ${number(value)}`),
    svgElement("rect", { class: "slot", x, y: 0, width: slotWidth, height }),
    svgElement("rect", {
      class: "bar",
      x: x + (slotWidth - barWidth) / 2,
      y: height - barHeight,
      width: barWidth,
      height: barHeight,
    }),
  );
}
