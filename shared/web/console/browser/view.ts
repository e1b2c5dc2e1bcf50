/** What a view of the console consists of, and the parts that views share. */
import type { Api } from "./api.ts";
import type { DialogOutcome } from "./dialogs.ts";
import { element, type Child } from "./dom.ts";
import { clearMessages, complain, complainOf, say } from "./messages.ts";
import { RequestError } from "./requests.ts";

/** What a view can use. */
export interface Console {
  readonly api: Api;
  /** Aborted when the person leaves the view. */
  readonly signal: AbortSignal;
  /** Shows another view. @param greet reports something there */
  readonly go: (hash: string, greet: () => void) => void;
}

export interface View {
  readonly heading: HTMLHeadingElement;
  readonly content: readonly Child[];
  /** Loads the content. The console reports what it throws. */
  readonly load: () => Promise<void>;
}

/** The heading of a view. It takes the focus when the view is shown, so a screen reader starts with it. */
export function headingOf(...content: readonly Child[]): HTMLHeadingElement {
  return element("h1", { tabindex: -1 }, ...content);
}

/** A button with an action that can fail. It ignores clicks while the action is running. */
export function actionButton(
  label: string,
  act: () => Promise<void>,
  attributes: Readonly<Record<string, string | undefined>> = {},
): HTMLButtonElement {
  const button = element("button", { type: "button", ...attributes, onclick: () => void run() }, label);
  const run = async (): Promise<void> => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await act();
    } catch (error) {
      complainOf(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  };
  return button;
}

/** A link back to a list. */
export function backLink(hash: string, label: string): HTMLElement {
  return element("p", { class: "back" }, element("a", { href: hash }, `← ${label}`));
}

const staleText =
  "Somebody else changed this in the meantime, so your change was not saved. The current state is shown.";

/** Reloads the view after a change and reports the outcome. */
export async function settle(outcome: DialogOutcome, reload: () => Promise<void>, done: string): Promise<void> {
  if (outcome === "cancelled") return;
  clearMessages();
  await reload();
  if (outcome === "done") say(done);
  else complain(staleText);
}

/** Makes a change that needs no dialog. */
export async function changeOf(act: () => Promise<void>): Promise<DialogOutcome> {
  try {
    await act();
    return "done";
  } catch (error) {
    if (error instanceof RequestError && error.code === "precondition_failed") return "stale";
    throw error;
  }
}
