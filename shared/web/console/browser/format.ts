/** Formats values of the API for display, and typed values for the API. */
import { element } from "./dom.ts";

const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const timeFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
const numberFormat = new Intl.NumberFormat("en-GB");

/** An instant in the reader's time zone, which it names. The tooltip has the exact value in UTC. */
export function moment(instant: string): HTMLTimeElement {
  const date = new Date(instant);
  return element(
    "time",
    { datetime: instant, title: instant },
    element("span", {}, `${dateFormat.format(date)},`),
    " ",
    element("span", {}, timeFormat.format(date)),
  );
}

const dayFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
const monthFormat = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** A day of UTC. @param day as `2026-11-20` */
export function dayOf(day: string): string {
  return dayFormat.format(Date.parse(day));
}

/** A month of UTC. @param month as `2026-11` */
export function monthOf(month: string): string {
  return monthFormat.format(Date.parse(month));
}

const dayMs = 86_400_000;

/** How long ago an instant was, in whole days. */
export function age(instant: string): string {
  const days = Math.floor((Date.now() - Date.parse(instant)) / dayMs);
  if (days < 1) return "less than a day ago";
  return days === 1 ? "1 day ago" : `${number(days)} days ago`;
}

export function number(value: number): string {
  return numberFormat.format(value);
}

/** A number with what it counts: `1 company`, `2 companies`. */
export function counted(count: number, one: string, several: string): string {
  return `${number(count)} ${count === 1 ? one : several}`;
}

/** A text on one line, cut off where it is too long. The tooltip has the whole text. */
export function clamped(text: string): HTMLSpanElement {
  return element("span", { class: "clamped", title: text }, text);
}

/** A clamped link to another view. */
export function clampedLink(href: string, text: string): HTMLAnchorElement {
  return element("a", { class: "clamped", title: text, href }, text);
}

/** A technical name that breaks after a slash or a dot, and not within a word. */
export function technicalName(name: string): HTMLElement {
  const parts = name.split(/(?<=[/._])/);
  return element("code", {}, ...parts.flatMap((part) => [part, element("wbr")]).slice(0, -1));
}

/** How much of a whole is used, as numbers and as a bar. */
export function share(label: string, used: number, whole: number): HTMLElement {
  return element(
    "span",
    { class: "stock" },
    `${number(used)} of ${number(whole)}`,
    element("progress", { max: whole, value: used, "aria-label": label }),
  );
}

/** An amount with its sign: `+5`, `−3`. */
export function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value).replace("-", "−");
}

/** A status word. The colour repeats the meaning of the word. */
export function badge(status: string): HTMLSpanElement {
  return element("span", { class: `badge ${status.replaceAll(" ", "-")}` }, status);
}

/** An instant as `<input type="datetime-local">` takes it: local time, to the minute. */
export function localMinute(instant: string): string {
  const date = new Date(instant);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** A typed local time in RFC 3339. Any other text is returned unchanged, and the API rejects it. */
export function instantOf(typed: string): string {
  const date = new Date(typed);
  return Number.isNaN(date.getTime()) ? typed : date.toISOString();
}

/** A typed whole number. Any other text is returned unchanged, and the API rejects it. */
export function wholeNumberOf(typed: string): number | string {
  return /^[+-]?\d{1,15}$/.test(typed) ? Number(typed) : typed;
}

/** A text as a sentence: with a capital letter and a full stop. */
export function sentence(text: string): string {
  return `${capitalised(text)}${/[.!?]$/.test(text) ? "" : "."}`;
}

export function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
