/** The steps by which a person enrols a second factor: password, authenticator app, first code, recovery codes. */
import type { Api } from "./api.ts";
import { copyToClipboard } from "./clipboard.ts";
import { copyableField } from "./dialogs.ts";
import { element, given, type Child } from "./dom.ts";
import { form, type Field } from "./forms.ts";
import { complain, say } from "./messages.ts";
import { RequestError } from "./requests.ts";

const path = "/v1/users/me/second-factor";

/** Absent where an answer was lost and is replayed. */
export interface RecoveryCodes {
  readonly recoveryCodes?: readonly string[];
}

function lost(detail: string): RequestError {
  return new RequestError({ status: 0, code: "answer_lost", title: "Answer lost", detail });
}

/** The change was made, but nobody has the codes that the answer showed. */
export function lostCodes(): RequestError {
  return lost(
    "The answer with the recovery codes was lost. Sign in again and replace them on the page of your account.",
  );
}

/** A code of the app. Recovery codes have letters, so the keyboard is not a numeric one. */
export const codeField: Field = {
  name: "code",
  label: "Code",
  hint: "The six digits that the authenticator app shows. A recovery code works as well.",
  autocomplete: "one-time-code",
  codes: ["second_factor_invalid"],
};

/** @param done called when the person has saved its recovery codes */
export function enrolment(api: Api, done: () => void): HTMLElement {
  const place = element("div", { class: "steps" });
  const show = (...content: readonly Child[]): void => {
    place.replaceChildren(...given(content));
    place.querySelector("input")?.focus();
  };
  const confirm = form({
    fields: [{ ...codeField, hint: "The six digits that the app shows now." }],
    submit: "Confirm",
    act: async (values) => {
      const { recoveryCodes } = await api.post<RecoveryCodes>(`${path}/confirm`, values);
      if (recoveryCodes === undefined) throw lostCodes();
      place.replaceChildren(recoveryCodeList(recoveryCodes, done));
      place.querySelector<HTMLElement>("h2")?.focus();
    },
  });
  const begin = form({
    fields: [{ ...passwordField, hint: "Your password once more, so that nobody else can do this at your screen." }],
    submit: "Continue",
    act: async (values) => {
      const { secret, uri } = await api.post<{ secret?: string; uri?: string }>(path, values);
      if (secret === undefined || uri === undefined)
        throw lost("The answer with the key was lost. Continue once more.");
      show(...keyOf(secret, uri), confirm);
    },
  });
  show(
    element("p", {}, "An authenticator app on your phone shows a new code every 30 seconds. Sign-in asks for one."),
    begin,
  );
  return place;
}

/** The current password, before a change of how the person signs in. */
export const passwordField: Field = {
  name: "password",
  label: "Password",
  type: "password",
  autocomplete: "current-password",
  codes: ["credentials_invalid"],
};

function keyOf(secret: string, uri: string): readonly Child[] {
  const status = element("p", { role: "status", class: "hint" });
  return [
    element(
      "p",
      {},
      "Add this key to your authenticator app, or ",
      element("a", { href: uri }, "open it in an app on this device"),
      ". Portico does not show it again.",
    ),
    copyableField("Key", secret.replaceAll(/(.{4})(?=.)/g, "$1 "), status),
    status,
  ];
}

/** Recovery codes, which nobody can read again. */
export function recoveryCodeList(codes: readonly string[], done: () => void): HTMLElement {
  const copy = async (): Promise<void> => {
    if (await copyToClipboard(codes.join("\n"))) say("Recovery codes copied.");
    else complain("The browser does not allow copying. Select the codes and copy them.");
  };
  return element(
    "section",
    {},
    element("h2", { tabindex: -1 }, "Your recovery codes"),
    element("p", {}, "Save them now: they are not shown again. Each signs you in once if you lose the app."),
    element("ul", { class: "codes" }, ...codes.map((code) => element("li", {}, element("code", {}, code)))),
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", class: "primary", onclick: done }, "I have saved them"),
      element("button", { type: "button", onclick: () => void copy() }, "Copy"),
    ),
  );
}
