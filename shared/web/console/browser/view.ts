/** What a section of the console consists of, and the page of a single resource. */
import type { Api } from "./api.ts";
import { ask, type DialogOptions, type DialogOutcome } from "./dialogs.ts";
import { badge } from "./format.ts";
import { element, replaceContent, type Child } from "./dom.ts";
import { Problem } from "./http.ts";
import { clearMessages, complain, complainOf, say } from "./messages.ts";

/** What a view may use. */
export interface Console {
  readonly api: Api;
  /** Ends with the view: what it still waits for is of no use then. */
  readonly signal: AbortSignal;
  /** Shows another view. @param greet says something there */
  readonly go: (hash: string, greet: () => void) => void;
}

export interface View {
  readonly heading: HTMLHeadingElement;
  readonly content: readonly Child[];
  /** Fills it. What it throws is shown. */
  readonly load: () => Promise<void>;
}

export function headingOf(title: string): HTMLHeadingElement {
  // The focus is put here when the view is shown, so that a screen reader begins with its name.
  return element("h1", { tabindex: -1 }, title);
}

/** A button whose click does something that may fail; clicks meanwhile do nothing. */
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

const staleText = "Somebody else has changed it in the meantime, so nothing was done. This is how it is now.";

/** Says how a change ended, after what is shown has been read again. */
export async function settle(outcome: DialogOutcome, reload: () => Promise<void>, done: string): Promise<void> {
  if (outcome === "cancelled") return;
  clearMessages();
  await reload();
  if (outcome === "done") say(done);
  else complain(staleText);
}

/** A change that asks nothing. */
export async function changeOf(act: () => Promise<void>): Promise<DialogOutcome> {
  try {
    await act();
    return "done";
  } catch (error) {
    if (error instanceof Problem && error.code === "precondition_failed") return "stale";
    throw error;
  }
}

export interface Action {
  readonly label: string;
  readonly danger?: boolean;
  /** A question or a form before it. */
  readonly dialog?: Omit<DialogOptions, "act">;
  readonly act: (values: Readonly<Record<string, unknown>>) => Promise<void>;
  /** What is said afterwards. */
  readonly done: string;
  /** Goes on in place of showing the resource again. */
  readonly afterwards?: () => void | Promise<void>;
}

export interface ResourceOptions<Resource> {
  /** Where the resources of its kind are listed: hash and name. */
  readonly back: readonly [hash: string, label: string];
  readonly read: () => Promise<Resource>;
  readonly facts: (resource: Resource) => readonly (readonly [label: string, value: Child])[];
  /** By a name that stays the same when an action turns into its opposite: the focus stays on it. */
  readonly actions: (resource: Resource) => Readonly<Record<string, Action | undefined>>;
  readonly note?: (resource: Resource) => string | undefined;
  /** What belongs to it, read with it. */
  readonly below: { readonly title: string; readonly element: HTMLElement; readonly reload: () => Promise<void> };
}

/** The page of one resource: its facts, what can be done with it, and what belongs to it. */
export function resourceView<Resource extends { readonly name: string; readonly status: string }>(
  options: ResourceOptions<Resource>,
): View {
  const { back, read, facts, actions, note, below } = options;
  const name = element("span", {}, "Loading…");
  const state = element("span", { class: "state" });
  const heading = element("h1", { tabindex: -1 }, name, " ", state);
  const about = element("div", { class: "about" });
  const related = element("section", { hidden: true }, element("h2", {}, below.title), below.element);

  const reload = async (): Promise<void> => {
    show(await read());
    related.hidden = false;
    await below.reload();
  };
  const show = (resource: Resource): void => {
    name.textContent = resource.name;
    state.replaceChildren(badge(resource.status));
    const text = note?.(resource);
    replaceContent(
      about,
      [
        element(
          "dl",
          {},
          ...facts(resource).map(([label, value]) =>
            element("div", {}, element("dt", {}, label), element("dd", {}, value)),
          ),
        ),
        text === undefined ? undefined : element("p", { class: "hint" }, text),
        element("div", { class: "buttons", role: "group", "aria-label": "Actions" }, ...buttons(actions(resource))),
      ],
      heading,
    );
  };
  const buttons = (offered: Readonly<Record<string, Action | undefined>>): HTMLButtonElement[] =>
    Object.entries(offered).flatMap(([id, action]) =>
      action === undefined
        ? []
        : [
            actionButton(action.label, () => perform(action), {
              id: `action-${id}`,
              class: action.danger === true ? "danger" : undefined,
            }),
          ],
    );
  const perform = async ({ dialog, act, done, afterwards }: Action): Promise<void> => {
    const outcome =
      dialog === undefined ? await changeOf(() => act({})) : await ask({ ...dialog, act: (values) => act(values) });
    if (outcome === "done" && afterwards !== undefined) await afterwards();
    else await settle(outcome, reload, done);
  };

  return {
    heading,
    content: [
      element("p", { class: "back" }, element("a", { href: back[0] }, `← ${back[1]}`)),
      heading,
      about,
      related,
    ],
    load: reload,
  };
}
