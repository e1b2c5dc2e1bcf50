/** What searches and orders a list at the API. The address keeps it, so Back and a bookmark restore it. */
import { parameter, setParameter, type ParameterName } from "./address.ts";
import { element, newElementId } from "./dom.ts";

/** A control beside a list. */
export interface ListControl {
  readonly element: HTMLElement;
  readonly value: () => string;
  readonly enable: (enabled: boolean) => void;
}

/** How long the person must not type before the search begins: each one is a call of the API. */
const pauseMs = 300;

/** @param signal aborted when the person leaves the view @param onChange called when the search has another text */
export function searchField(label: string, signal: AbortSignal, onChange: () => void): ListControl {
  const id = newElementId();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const search = (): void => {
    setParameter("search", input.value.trim());
    setParameter("pages", undefined);
    onChange();
  };
  const input = element("input", {
    id,
    type: "search",
    autocomplete: "off",
    maxlength: 80,
    spellcheck: "false",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(search, pauseMs);
    },
  });
  input.value = parameter("search") ?? "";
  signal.addEventListener("abort", () => clearTimeout(timer));
  return controlOf(label, input, () => parameter("search") ?? "");
}

/** A choice; the first option is the default, which the address does not name. */
export function choice(
  name: ParameterName,
  label: string,
  options: readonly (readonly [value: string, label: string])[],
  onChange: () => void,
): ListControl {
  const select = element(
    "select",
    {
      id: newElementId(),
      onchange: () => {
        setParameter(name, select.value);
        setParameter("pages", undefined);
        onChange();
      },
    },
    ...options.map(([value, text]) => element("option", { value }, text)),
  );
  const given = parameter(name);
  select.value = options.some(([value]) => value === given) ? (given ?? "") : "";
  return controlOf(label, select, () => select.value);
}

function controlOf(label: string, input: HTMLInputElement | HTMLSelectElement, value: () => string): ListControl {
  return {
    element: element("div", { class: "filter" }, element("label", { for: input.id }, label), input),
    value,
    enable: (enabled) => {
      input.disabled = !enabled;
    },
  };
}
