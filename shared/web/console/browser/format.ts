/** How values of the API are shown. */
import { element } from "./dom.ts";

const shownTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const shownNumber = new Intl.NumberFormat("en-GB");

/** A moment in the reader's own time zone; the exact one, in UTC, is its tooltip. */
export function moment(instant: string): HTMLTimeElement {
  return element("time", { datetime: instant, title: instant }, shownTime.format(new Date(instant)));
}

export function number(value: number): string {
  return shownNumber.format(value);
}

/** An e-mail address, which may be broken behind its @ before it is anywhere else. */
export function address(email: string): HTMLSpanElement {
  const [local = "", ...domain] = email.split(/(?<=@)/);
  return element("span", {}, local, element("wbr"), ...domain);
}

/** A movement of credit, with its sign: `+5`, `−3`. */
export function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value).replace("-", "−");
}

/** A status word, coloured by what it means; the word alone says it as well. */
export function badge(status: string): HTMLSpanElement {
  return element("span", { class: `badge ${status}` }, status);
}

/** A moment as `<input type="datetime-local">` takes it: local, to the minute. */
export function localMinute(instant: string): string {
  const date = new Date(instant);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** What a person typed as a local time, as RFC 3339; anything else as it is, for the API to refuse. */
export function instantOf(typed: string): string {
  const date = new Date(typed);
  return Number.isNaN(date.getTime()) ? typed : date.toISOString();
}

/** What a person typed as a whole number; anything else as it is, for the API to refuse. */
export function wholeNumberOf(typed: string): number | string {
  return /^[+-]?\d{1,15}$/.test(typed) ? Number(typed) : typed;
}
