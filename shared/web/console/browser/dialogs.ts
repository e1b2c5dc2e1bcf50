/** Dialogs: forms, confirmations of irreversible actions, and secrets that are shown once. */
import { copyToClipboard } from "./clipboard.ts";
import { element, given, newElementId, type Child } from "./dom.ts";
import { form, type FormOptions } from "./forms.ts";
import { RequestError } from "./requests.ts";

export interface DialogOptions extends Omit<FormOptions, "beside" | "fields"> {
  readonly title: string;
  readonly text?: string;
  /** Default none: the dialog is a confirmation. */
  readonly fields?: FormOptions["fields"];
  /** An element that shows how far the action is. */
  readonly below?: HTMLElement;
}

/** `stale`: the resource changed after it was read, so the action was refused. */
export type DialogOutcome = "done" | "cancelled" | "stale";

/** Shows a dialog and acts on its values. It stays open with its errors until the action succeeds or the person cancels. */
export async function ask({ title, text, fields = [], act, below, ...options }: DialogOptions): Promise<DialogOutcome> {
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
          if (!(error instanceof RequestError) || error.code !== "precondition_failed") throw error;
          finish("stale");
        }
      },
    });
    const dialog = open(title, [text === undefined ? undefined : element("p", {}, text), content, below]);
    // The Enter key must not confirm an irreversible action.
    if (fields.length === 0 && options.danger === true) cancel.focus();
    dialog.addEventListener("close", () => resolve(outcome));
  });
}

/** Shows values that nobody can read again. Only the button closes the dialog. */
export async function showOnce(
  title: string,
  text: string,
  values: readonly (readonly [label: string, value: string])[],
): Promise<void> {
  await new Promise<void>((resolve) => {
    const status = element("p", { role: "status", class: "hint" });
    const close = (): void => dialog.close();
    const done = element("button", { type: "button", class: "primary", onclick: close }, "I have saved it");
    const rows = values.map(([label, value]) => copyableField(label, value, status));
    const dialog = open(title, [element("p", {}, text), ...rows, status, element("div", { class: "buttons" }, done)]);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("keydown", (event) => {
      // Browsers ignore the prevented `cancel` event when Escape is pressed twice.
      if (event.key === "Escape") event.preventDefault();
    });
    dialog.addEventListener("close", () => resolve());
  });
}

/** A read-only value with a copy button. @param status reports the result */
export function copyableField(label: string, value: string, status: HTMLElement): HTMLElement {
  const id = newElementId();
  const input = element("input", { id, readonly: true, value, class: "code", spellcheck: "false" });
  const copy = async (): Promise<void> => {
    status.replaceChildren();
    if (await copyToClipboard(value)) {
      status.append(`${label} copied.`);
      return;
    }
    input.focus();
    input.select();
    status.append("The browser does not allow copying. The text is selected: press Ctrl+C or ⌘C.");
  };
  const button = element(
    "button",
    { type: "button", "aria-label": `Copy ${label}`, onclick: () => void copy() },
    "Copy",
  );
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label),
    element("div", { class: "copy" }, input, button),
  );
}

function open(title: string, content: readonly Child[]): HTMLDialogElement {
  const heading = element("h2", { id: newElementId() }, title);
  const dialog = element("dialog", { "aria-labelledby": heading.id }, heading, ...given(content));
  // Removes the inputs from the page, because they can contain a secret.
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Closes all dialogs as if the person had cancelled. */
export function closeDialogs(): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
}
