/** Dialogs: forms to fill in, questions before what cannot be undone, and secrets that are shown once. */
import { element, newElementId, type Child } from "./dom.ts";
import { form, type FormOptions } from "./forms.ts";
import { Problem } from "./http.ts";

export interface DialogOptions extends Omit<FormOptions, "beside" | "fields"> {
  readonly title: string;
  readonly text?: string;
  /** Default none: a question. */
  readonly fields?: FormOptions["fields"];
}

/** `stale`: what was to be changed is another by now, so it was not. */
export type DialogOutcome = "done" | "cancelled" | "stale";

/** Asks, and acts on the answer; stays open with the errors until that succeeds or the person gives up. */
export async function ask({ title, text, fields = [], act, ...options }: DialogOptions): Promise<DialogOutcome> {
  return await new Promise((resolve) => {
    let outcome: DialogOutcome = "cancelled";
    const cancel = element("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const finish = (result: DialogOutcome): void => {
      outcome = result;
      dialog.close();
    };
    const content = form({
      ...options,
      fields,
      beside: cancel,
      act: async (values) => {
        try {
          await act(values);
          finish("done");
        } catch (error) {
          if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
          finish("stale");
        }
      },
    });
    const dialog = open(title, [text === undefined ? undefined : element("p", {}, text), content]);
    // Where there is nothing to fill in, Enter must not do what cannot be undone.
    if (fields.length === 0 && options.danger === true) cancel.focus();
    dialog.addEventListener("close", () => resolve(outcome));
  });
}

/** Shows values to copy, which no one will see again. Only the button closes it. */
export async function showOnce(
  title: string,
  text: string,
  values: readonly (readonly [string, string])[],
): Promise<void> {
  await new Promise<void>((resolve) => {
    const status = element("p", { role: "status", class: "hint" });
    const done = element(
      "button",
      { type: "button", class: "primary", onclick: () => dialog.close() },
      "I have kept it",
    );
    const rows = values.map(([label, value]) => copyable(label, value, status));
    const dialog = open(title, [element("p", {}, text), ...rows, status, element("div", { class: "buttons" }, done)]);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("keydown", (event) => {
      // A second Escape would close it all the same.
      if (event.key === "Escape") event.preventDefault();
    });
    dialog.addEventListener("close", () => resolve());
  });
}

/** A value that cannot be changed, with a button that copies it. @param status where it says so */
function copyable(label: string, value: string, status: HTMLElement): HTMLElement {
  const id = newElementId();
  const input = element("input", { id, readonly: true, value, class: "code", spellcheck: "false" });
  const copy = async (): Promise<void> => {
    status.replaceChildren();
    try {
      await navigator.clipboard.writeText(value);
      status.append(`${label} copied.`);
    } catch {
      input.focus();
      input.select();
      status.append("The browser does not let the console copy. The text is selected: press Ctrl+C or ⌘C.");
    }
  };
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label),
    element(
      "div",
      { class: "copy" },
      input,
      element("button", { type: "button", "aria-label": `Copy ${label}`, onclick: () => void copy() }, "Copy"),
    ),
  );
}

function open(title: string, content: readonly Child[]): HTMLDialogElement {
  const heading = element("h2", { id: newElementId() }, title);
  const dialog = element(
    "dialog",
    { "aria-labelledby": heading.id },
    heading,
    ...content.filter((child) => child !== undefined),
  );
  // Its inputs, a secret perhaps, are gone with it.
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Closes what is open, as if it had been cancelled. */
export function closeDialogs(): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
}
