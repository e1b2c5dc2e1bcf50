/** What the console tells: one line above the content, read out by screen readers when it changes. */
import { element, type Child } from "./dom.ts";
import { Problem } from "./http.ts";
import { SessionEnded } from "./session.ts";

/** Both exist from the beginning: a live region that comes with its text is read out by few screen readers. */
const good = element("div", { class: "message good", role: "status" });
const bad = element("div", { class: "message bad", role: "alert" });

/** Where messages appear. */
export const messages = element("div", { class: "messages" }, good, bad);

/** Says that something is done. */
export function say(text: string): void {
  clearMessages();
  good.append(text);
}

/** Says that something went wrong. */
export function complain(...content: readonly Child[]): void {
  clearMessages();
  bad.append(...content.filter((child) => child !== undefined));
}

export function clearMessages(): void {
  good.replaceChildren();
  bad.replaceChildren();
}

/** What a person can read of a failure: title, detail, and when to try again. */
export function explanationOf(error: unknown): Child[] {
  if (!(error instanceof Problem))
    return [element("strong", {}, "The console has failed."), " Reload the page and try again."];
  const { title, detail, retryAfterSeconds, errors } = error;
  return [
    element("strong", {}, /[.!?]$/.test(title) ? title : `${title}.`),
    ` ${errors.length > 0 ? errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join("; ") : detail}`,
    retryAfterSeconds === undefined ? undefined : ` Try again in ${duration(retryAfterSeconds)}.`,
  ];
}

function duration(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? "a second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

/** Shows a failure, unless the session is over: the sign-in then says so. */
export function complainOf(error: unknown): void {
  if (!(error instanceof SessionEnded)) complain(...explanationOf(error));
}
