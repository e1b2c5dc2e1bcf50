/** Creates elements without parsing HTML, so text from the API is never read as markup. */

export type Child = Node | string | undefined;

type Handler = (event: Event) => void;
type AttributeValue = string | number | boolean | Handler | undefined;

/**
 * Creates an element.
 *
 * @param attributes `on…` adds a listener; `true` sets an attribute without a value; `false` and `undefined` omit it
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
  made.append(...given(children));
  return made;
}

/** Creates an element of an SVG. Attributes of geometry are no inline styles, which the content security policy forbids. */
export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** The children that are not undefined. */
export function given(children: readonly Child[]): (Node | string)[] {
  return children.filter((child) => child !== undefined);
}

let lastId = 0;

/** A new id, for an element that another element refers to. */
export function newElementId(): string {
  lastId += 1;
  return `e${lastId}`;
}

/**
 * Replaces the content of an element and restores the keyboard focus: to the element with the same id, otherwise to
 * `fallback`. Without that, the focus would return to the top of the page.
 */
export function replaceContent(container: Element, content: readonly Child[], fallback?: HTMLElement): void {
  const focused = document.activeElement;
  const hadFocus = focused !== null && container.contains(focused);
  container.replaceChildren(...given(content));
  if (hadFocus) (document.getElementById(focused.id) ?? fallback)?.focus();
}
