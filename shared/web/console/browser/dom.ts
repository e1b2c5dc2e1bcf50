/** Elements, made without HTML text: whatever a name contains is shown as it is and never read as markup. */

export type Child = Node | string | undefined;

type Handler = (event: Event) => void;
type AttributeValue = string | number | boolean | Handler | undefined;

/**
 * An element with its attributes and children.
 *
 * @param attributes `on…` adds a listener; `true` sets a bare attribute; `false` and `undefined` leave it out
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, AttributeValue>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

let lastId = 0;

/** An id for an element that another one refers to. */
export function newElementId(): string {
  lastId += 1;
  return `e${lastId}`;
}

/**
 * Puts other content into an element, and the focus back to where it was: on the element with the same id, else on
 * `fallback`. A person at the keyboard would otherwise begin again at the top.
 */
export function replaceContent(container: Element, content: readonly Child[], fallback?: HTMLElement): void {
  const focused = document.activeElement;
  const hadFocus = focused !== null && container.contains(focused);
  container.replaceChildren(...content.filter((child) => child !== undefined));
  if (hadFocus) (document.getElementById(focused.id) ?? fallback)?.focus();
}
