/** Elements of the page. */

type ElementType<Kind> = new () => Kind;

/** @throws Error when the page lacks the element */
export function find<Kind extends HTMLElement>(
  selector: string,
  type: ElementType<Kind>,
  within: ParentNode = document,
): Kind {
  const element = within.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`the page has no ${selector}`);
  return element;
}

export function all<Kind extends HTMLElement>(
  selector: string,
  type: ElementType<Kind>,
  within: ParentNode = document,
): readonly Kind[] {
  return [...within.querySelectorAll(selector)].filter((element): element is Kind => element instanceof type);
}

/** The values of a form without those of empty fields. */
export function filledIn(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries(
    [...new FormData(form)].flatMap(([name, value]) => (value === "" ? [] : [[name, String(value)] as const])),
  );
}
