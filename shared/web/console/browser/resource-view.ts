/** The page of one resource: its facts, its actions and a list of what belongs to it. */
import { ask, type DialogOptions } from "./dialogs.ts";
import { element, given, replaceContent, type Child } from "./dom.ts";
import { badge, capitalised } from "./format.ts";
import { RequestError } from "./requests.ts";
import { actionButton, backLink, changeOf, headingOf, settle, type View } from "./view.ts";

export interface Action {
  readonly label: string;
  readonly danger?: boolean;
  /** A form or a confirmation before the action. */
  readonly dialog?: Omit<DialogOptions, "act">;
  readonly act: (values: Readonly<Record<string, unknown>>) => Promise<void>;
  /** The message after the action. */
  readonly done: string | (() => string);
  /** A cancelled dialog may have done a part of it. */
  readonly reloadsAlways?: boolean;
  /** Runs instead of the message and a reload. */
  readonly afterwards?: () => void | Promise<void>;
}

/** Actions by an id that stays the same when an action turns into its opposite, so that the button keeps the focus. */
export type Actions = Readonly<Record<string, Action | undefined>>;

export interface ResourceOptions<Resource> {
  /** What the resource is, for example `partner`. */
  readonly thing: string;
  /** The id in the address. */
  readonly id: string;
  /** What the id in the address is. Default `the id`. */
  readonly idIs?: string;
  /** Hash and label of the list that the resource belongs to. */
  readonly back: readonly [hash: string, label: string];
  readonly read: () => Promise<Resource>;
  readonly status?: (resource: Resource) => string;
  readonly facts: (resource: Resource) => readonly (readonly [label: string, value: Child])[];
  readonly actions: (resource: Resource) => Actions;
  readonly note?: (resource: Resource) => string | undefined;
  /** A list that is loaded with the resource. */
  readonly below?: Below;
}

/** What is shown below the facts. */
interface Below {
  readonly title: string;
  readonly list: RelatedList;
  readonly tabs?: HTMLElement;
}

export interface RelatedList {
  readonly element: HTMLElement;
  reload(): Promise<void>;
}

export interface Tab {
  /** The end of its address. */
  readonly end: string;
  readonly title: string;
  readonly make: () => RelatedList;
}

/** One of several tabs, each with an address of its own. @param at the address of the page, and the end of the current tab's one */
export function tabbed(
  at: { readonly label: string; readonly hash: string; readonly current: string },
  tabs: readonly [Tab, ...Tab[]],
): Below {
  const current = tabs.find(({ end }) => end === at.current) ?? tabs[0];
  const links = tabs.map((tab) =>
    element("a", { href: `${at.hash}${tab.end}`, "aria-current": tab === current ? "page" : undefined }, tab.title),
  );
  const nav = element("nav", { class: "tabs", "aria-label": at.label }, ...links);
  return { title: current.title, list: current.make(), tabs: nav };
}

export class ResourceView<Resource extends { readonly name: string }> implements View {
  readonly heading: HTMLHeadingElement;
  readonly content: readonly Child[];
  readonly #options: ResourceOptions<Resource>;
  readonly #name = element("span", {}, "Loading…");
  readonly #status = element("span", { class: "state" });
  readonly #about = element("div", { class: "about" });
  readonly #related: HTMLElement;

  constructor(options: ResourceOptions<Resource>) {
    this.#options = options;
    const { back, below } = options;
    this.heading = headingOf(this.#name, " ", this.#status);
    this.#related = element("section", { hidden: true });
    if (below !== undefined) {
      this.#related.append(...given([below.tabs, element("h2", {}, below.title), below.list.element]));
    }
    this.content = [backLink(...back), this.heading, this.#about, this.#related];
  }

  readonly load = async (): Promise<void> => {
    const { read, below } = this.#options;
    try {
      this.#show(await read());
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== "not_found") throw error;
      this.#showMissing();
      return;
    }
    this.#related.hidden = below === undefined;
    await below?.list.reload();
  };

  #show(resource: Resource): void {
    const { status, facts, actions, note } = this.#options;
    this.#name.textContent = resource.name;
    if (status !== undefined) this.#status.replaceChildren(badge(status(resource)));
    const rows = facts(resource).map(([label, value]) =>
      element("div", {}, element("dt", {}, label), element("dd", {}, value)),
    );
    const text = note?.(resource);
    replaceContent(
      this.#about,
      [
        element("dl", {}, ...rows),
        text === undefined ? undefined : element("p", { class: "hint" }, text),
        element(
          "div",
          { class: "buttons", role: "group", "aria-label": "Actions" },
          ...this.#buttons(actions(resource)),
        ),
      ],
      this.heading,
    );
  }

  #showMissing(): void {
    const { thing, id, idIs = "the id" } = this.#options;
    this.#name.textContent = `${capitalised(thing)} not found`;
    this.#status.replaceChildren();
    this.#related.hidden = true;
    const text = ["No ", thing, ` has ${idIs} `, element("code", {}, id), ". It may have been deleted."];
    replaceContent(this.#about, [element("p", {}, ...text)], this.heading);
  }

  #buttons(actions: Actions): HTMLButtonElement[] {
    return Object.entries(actions).flatMap(([id, action]) => {
      if (action === undefined) return [];
      const attributes = { id: `action-${id}`, class: action.danger === true ? "danger" : undefined };
      return [actionButton(action.label, () => this.#perform(action), attributes)];
    });
  }

  async #perform({ dialog, act, done, afterwards, reloadsAlways }: Action): Promise<void> {
    const outcome =
      dialog === undefined ? await changeOf(() => act({})) : await ask({ ...dialog, act: (values) => act(values) });
    if (outcome === "done" && afterwards !== undefined) await afterwards();
    else if (outcome === "cancelled" && reloadsAlways === true) await this.load();
    else await settle(outcome, this.load, typeof done === "string" ? done : done());
  }
}
