/** Copies values with a click. */
import { element } from "./dom.ts";
import { complain, say } from "./messages.ts";

/** @returns false when the browser refuses, for example without HTTPS */
export async function copyToClipboard(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return false;
  }
}

/** An id that a click copies. @param label its name, for example `Client id` */
export function copyableId(label: string, id: string): HTMLButtonElement {
  const copy = async (): Promise<void> => {
    if (await copyToClipboard(id)) say(`${label} copied.`);
    else complain("The browser does not allow copying. Select the id and copy it.");
  };
  return element(
    "button",
    { type: "button", class: "copyable", title: `Copy ${label}`, onclick: () => void copy() },
    element("code", {}, id),
    element("span", { class: "hint" }, "Copy"),
  );
}
