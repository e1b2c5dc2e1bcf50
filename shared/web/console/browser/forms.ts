/** Forms whose errors stand at their fields, in the API's words. */
import { element, newElementId, type Child } from "./dom.ts";
import { Problem } from "./http.ts";
import { explanationOf } from "./messages.ts";
import { SessionEnded } from "./session.ts";

export interface Field {
  /** The member of the body that it fills; a problem's pointer leads back to it. */
  readonly name: string;
  readonly label: string;
  /** Default `text`. */
  readonly type?: "text" | "email" | "url" | "password" | "datetime-local";
  /** A choice of value and label, instead of a text. */
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly hint?: string;
  readonly value?: string;
  /** Left out of the body when it is empty. */
  readonly optional?: boolean;
  readonly autocomplete?: string;
  readonly inputmode?: "numeric";
  /** Problem codes that speak of this field. */
  readonly codes?: readonly string[];
  /** The value of the body from what was typed. Default: the text itself. */
  readonly read?: (typed: string) => unknown;
}

export type Values = Readonly<Record<string, unknown>>;

export interface FormOptions {
  readonly fields: readonly Field[];
  /** What the button says. */
  readonly submit: string;
  readonly danger?: boolean;
  /** Does it; what it throws is shown at the fields. */
  readonly act: (values: Values) => Promise<void>;
  /** Beside the submit button. */
  readonly beside?: HTMLElement;
}

interface Control {
  readonly field: Field;
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly error: HTMLElement;
  readonly element: HTMLElement;
}

/** A form. The API alone judges what is typed, so that there is one set of rules and of messages. */
export function form({ fields, submit, danger = false, act, beside }: FormOptions): HTMLFormElement {
  const controls = fields.map(controlOf);
  const failure = element("div", { class: "message bad", role: "alert" });
  const button = element("button", { type: "submit", class: danger ? "danger" : "primary" }, submit);
  let busy = false;

  const send = async (): Promise<void> => {
    // A second click, or Enter again, while the first is on its way.
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

  return element(
    "form",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        void send();
      },
    },
    ...controls.map((control) => control.element),
    failure,
    element("div", { class: "buttons" }, button, beside),
  );
}

function controlOf(field: Field): Control {
  const id = newElementId();
  const hint = field.hint === undefined ? undefined : element("p", { class: "hint", id: `${id}-hint` }, field.hint);
  const error = element("p", { class: "error", id: `${id}-error` });
  const shared = {
    id,
    name: field.name,
    required: field.optional !== true,
    "aria-describedby": hint === undefined ? error.id : `${hint.id} ${error.id}`,
  };
  const input =
    field.options === undefined
      ? element("input", {
          ...shared,
          type: field.type ?? "text",
          autocomplete: field.autocomplete ?? "off",
          autocapitalize: "none",
          spellcheck: "false",
          inputmode: field.inputmode,
        })
      : element("select", shared, ...field.options.map(([value, label]) => element("option", { value }, label)));
  if (field.value !== undefined) input.value = field.value;
  const label = element("label", { for: id }, field.label, field.optional === true ? optionalMark() : undefined);
  return { field, input, error, element: element("div", { class: "field" }, label, hint, input, error) };
}

function optionalMark(): Child {
  return element("span", { class: "hint" }, " (optional)");
}

function valuesOf(controls: readonly Control[]): Values {
  const given = controls.filter(({ field, input }) => field.optional !== true || input.value !== "");
  return Object.fromEntries(
    given.map(({ field, input }) => [field.name, field.read === undefined ? input.value : field.read(input.value)]),
  );
}

function clearErrors(controls: readonly Control[], failure: HTMLElement): void {
  failure.replaceChildren();
  for (const { input, error } of controls) {
    input.removeAttribute("aria-invalid");
    error.replaceChildren();
  }
}

/** Each error at the field that it names, what no field takes above the button; the focus on the first field that is wrong. */
function showErrors(error: unknown, controls: readonly Control[], failure: HTMLElement): void {
  if (error instanceof SessionEnded) return;
  const left: string[] = [];
  let placed = 0;
  const place = (control: Control | undefined, text: string): void => {
    if (control === undefined) {
      left.push(text);
      return;
    }
    placed += 1;
    control.input.setAttribute("aria-invalid", "true");
    control.error.append(control.error.textContent === "" ? text : `; ${text}`);
  };
  if (error instanceof Problem) {
    for (const { pointer, detail } of error.errors) {
      const control = controls.find(
        ({ field }) => pointer === `/${field.name}` || pointer.startsWith(`/${field.name}/`),
      );
      place(control, control === undefined ? `${pointer} ${detail}` : sentence(detail));
    }
    const spokenOf = controls.find(({ field }) => field.codes?.includes(error.code));
    if (spokenOf !== undefined && error.errors.length === 0) place(spokenOf, sentence(error.title));
  }
  if (placed === 0) failure.append(...explanationOf(error).filter((child) => child !== undefined));
  else if (left.length > 0) failure.append(left.join("; "));
  controls.find(({ input }) => input.hasAttribute("aria-invalid"))?.input.focus();
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
