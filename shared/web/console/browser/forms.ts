/** Forms that show each error of the API at the field that it concerns. */
import { element, newElementId } from "./dom.ts";
import { sentence } from "./format.ts";
import { explanationOf } from "./messages.ts";
import { RequestError } from "./requests.ts";
import { Superseded } from "./session.ts";

export interface Field {
  /** The member of the request body. A problem's JSON Pointer refers to it. */
  readonly name: string;
  readonly label: string;
  /** Default `text`. */
  readonly type?: "text" | "email" | "url" | "password" | "datetime-local";
  /** Turns the field into a choice. */
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly hint?: string;
  readonly value?: string;
  /** An empty optional field is omitted from the body. */
  readonly optional?: boolean;
  readonly autocomplete?: string;
  readonly inputmode?: "numeric";
  /** Problem codes that concern this field. */
  readonly codes?: readonly string[];
  /** Converts the typed text for the body. Default: the text itself. */
  readonly read?: (typed: string) => unknown;
}

export type Values = Readonly<Record<string, unknown>>;

export interface FormOptions {
  readonly fields: readonly Field[];
  /** The label of the submit button. */
  readonly submit: string;
  readonly danger?: boolean;
  /** Sends the values. The form shows what it throws. */
  readonly act: (values: Values) => Promise<void>;
  /** An element beside the submit button. */
  readonly beside?: HTMLElement;
}

interface Control {
  readonly field: Field;
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly error: HTMLElement;
  readonly element: HTMLElement;
}

/** A form. The API alone validates the values, so there is one set of rules and messages. */
export function form({ fields, submit, danger = false, act, beside }: FormOptions): HTMLFormElement {
  const controls = fields.map(controlOf);
  const failure = element("div", { class: "message bad", role: "alert" });
  const button = element("button", { type: "submit", class: danger ? "danger" : "primary" }, submit);
  let busy = false;

  const send = async (): Promise<void> => {
    // Ignores a second click while the first request is running.
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    clearErrors(controls, failure);
    try {
      await act(valuesOf(controls));
    } catch (error) {
      showErrors(error, controls, failure);
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
    }
  };
  const onsubmit = (event: Event): void => {
    event.preventDefault();
    void send();
  };
  return element(
    "form",
    { novalidate: true, onsubmit },
    ...controls.map((control) => control.element),
    failure,
    element("div", { class: "buttons" }, button, beside),
  );
}

function controlOf(field: Field): Control {
  const id = newElementId();
  const hint = field.hint === undefined ? undefined : element("p", { class: "hint", id: `${id}-hint` }, field.hint);
  const error = element("p", { class: "error", id: `${id}-error` });
  const input = inputOf(field, {
    id,
    name: field.name,
    required: field.optional !== true,
    "aria-describedby": hint === undefined ? error.id : `${hint.id} ${error.id}`,
  });
  const optional = field.optional === true ? element("span", { class: "hint" }, " (optional)") : undefined;
  const label = element("label", { for: id }, field.label, optional);
  return { field, input, error, element: element("div", { class: "field" }, label, hint, input, error) };
}

function inputOf(
  { type = "text", options, value, autocomplete = "off", inputmode }: Field,
  shared: Readonly<Record<string, string | boolean>>,
): HTMLInputElement | HTMLSelectElement {
  const input =
    options === undefined
      ? element("input", { ...shared, type, autocomplete, autocapitalize: "none", spellcheck: "false", inputmode })
      : element("select", shared, ...options.map(([choice, label]) => element("option", { value: choice }, label)));
  if (value !== undefined) input.value = value;
  return input;
}

function valuesOf(controls: readonly Control[]): Values {
  const filled = controls.filter(({ field, input }) => field.optional !== true || input.value !== "");
  return Object.fromEntries(
    filled.map(({ field, input }) => [field.name, field.read === undefined ? input.value : field.read(input.value)]),
  );
}

function clearErrors(controls: readonly Control[], failure: HTMLElement): void {
  failure.replaceChildren();
  for (const { input, error } of controls) {
    input.removeAttribute("aria-invalid");
    error.replaceChildren();
  }
}

/** Shows each error at its field, the others above the button, and focuses the first invalid field. */
function showErrors(error: unknown, controls: readonly Control[], failure: HTMLElement): void {
  if (error instanceof Superseded) return;
  const placed = error instanceof RequestError ? placedErrors(error, controls) : [];
  const others: string[] = [];
  for (const [control, text] of placed) {
    if (control === undefined) {
      others.push(text);
      continue;
    }
    control.input.setAttribute("aria-invalid", "true");
    control.error.append(control.error.textContent === "" ? text : ` ${text}`);
  }
  if (others.length === placed.length) failure.append(explanationOf(error));
  else failure.append(others.join(" "));
  controls.find(({ input }) => input.hasAttribute("aria-invalid"))?.input.focus();
}

/** Every error as a sentence with its control; without a control where the form has no such field. */
function placedErrors(
  { code, title, errors }: RequestError,
  controls: readonly Control[],
): (readonly [Control | undefined, string])[] {
  if (errors.length === 0) {
    const concerned = controls.find(({ field }) => field.codes?.includes(code));
    return concerned === undefined ? [] : [[concerned, sentence(title)]];
  }
  return errors.map(({ pointer, detail }) => {
    const control = controls.find(({ field }) => `${pointer}/`.startsWith(`/${field.name}/`));
    return [control, sentence(control === undefined ? `${pointer.slice(1)} ${detail}` : detail)];
  });
}
