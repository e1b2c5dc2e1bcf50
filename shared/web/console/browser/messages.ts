/** The line above the content where the console reports results and errors. Screen readers announce its changes. */
import { element, given, type Child } from "./dom.ts";
import { RequestError } from "./requests.ts";
import { sentence } from "./format.ts";
import { Superseded } from "./session.ts";

/** Both exist from the start: few screen readers announce a live region that is created together with its text. */
const good = element("div", { class: "message good", role: "status" });
const bad = element("div", { class: "message bad", role: "alert" });

/** The element that shows the messages. */
export const messages = element("div", { class: "messages" }, good, bad);

/** Reports a success. */
export function say(text: string): void {
  clearMessages();
  good.append(text);
}

/** Reports a failure. */
export function complain(...content: readonly Child[]): void {
  clearMessages();
  bad.append(...given(content));
}

export function clearMessages(): void {
  good.replaceChildren();
  bad.replaceChildren();
}

/** A failure in one sentence, and when to try again. */
export function explanationOf(error: unknown): string {
  if (!(error instanceof RequestError)) return "The console has failed. Reload the page and try again.";
  const { detail, retryAfterSeconds, errors } = error;
  const fields = errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join("; ");
  const retry = retryAfterSeconds === undefined ? "" : ` Try again in ${durationOf(retryAfterSeconds)}.`;
  return sentence(fields === "" ? detail : fields) + retry;
}

function durationOf(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

/**
 * Reports an error, but neither the end of the session, which the sign-in reports, nor a load that stopped because the person
 * left the view.
 */
export function complainOf(error: unknown): void {
  const isExpected = error instanceof Superseded || (error instanceof DOMException && error.name === "AbortError");
  if (!isExpected) complain(explanationOf(error));
}
