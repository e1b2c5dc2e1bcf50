/** The page of the signed-in person: its password and its second factor. */
import type { Api } from "./api.ts";
import { ask } from "./dialogs.ts";
import { element, replaceContent, type Child } from "./dom.ts";
import type { FormOptions } from "./forms.ts";
import { moment, number } from "./format.ts";
import { say } from "./messages.ts";
import type { Self } from "./resources.ts";
import { codeField, enrolment, lostCodes, recoveryCodeList, type RecoveryCodes } from "./second-factor-enrolment.ts";
import { actionButton, headingOf, type Console, type View } from "./view.ts";

export const accountHash = "#/account";

const factorPath = "/v1/users/me/second-factor";

/** The change of the password. @param done called when it is changed */
export function passwordForm(api: Api, done: () => void): FormOptions {
  return {
    fields: [
      {
        name: "currentPassword",
        label: "Current password",
        type: "password",
        autocomplete: "current-password",
        codes: ["credentials_invalid"],
      },
      {
        name: "newPassword",
        label: "New password",
        type: "password",
        autocomplete: "new-password",
        hint: "At least 12 characters.",
        codes: ["password_too_common"],
      },
    ],
    submit: "Change the password",
    act: async (values) => {
      await api.post("/v1/users/me/password", values);
      done();
    },
  };
}

export function accountView({ api, signal }: Console): View {
  const heading = headingOf("Your account");
  const factor = element("section", {});
  const show = (content: readonly Child[]): void => replaceContent(factor, content, heading);
  const load = async (): Promise<void> => {
    const { secondFactor } = await api.get<Self>("/v1/users/me", signal);
    show([element("h2", {}, "Second factor"), ...contentOf(secondFactor)]);
  };
  const showCodes = (codes: readonly string[]): void => {
    show([recoveryCodeList(codes, () => void load())]);
    factor.querySelector<HTMLElement>("h2")?.focus();
  };
  const contentOf = (secondFactor: Self["secondFactor"]): readonly Child[] => {
    if (secondFactor === null) return [element("div", {}, enrolButton(api, factor, load))];
    const { confirmedAt, recoveryCodesLeft } = secondFactor;
    const state = [" since ", moment(confirmedAt), `; ${number(recoveryCodesLeft)} recovery codes are left.`];
    return [element("p", {}, "Enrolled", ...state), factorActions(api, { showCodes, load })];
  };
  const change = async (): Promise<void> => {
    const { fields, submit, act } = passwordForm(api, () =>
      say("Your password is changed. Other sessions have ended."),
    );
    await ask({ title: "Change the password", fields, submit, act });
  };
  return { heading, content: [heading, element("div", {}, actionButton("Change the password", change)), factor], load };
}

function enrolButton(api: Api, factor: HTMLElement, load: () => Promise<void>): HTMLElement {
  return actionButton("Enrol a second factor", () => {
    const finish = (): void => void load().then(() => say("Your second factor is enrolled."));
    factor.replaceChildren(element("h2", {}, "Second factor"), enrolment(api, finish));
    factor.querySelector("input")?.focus();
    return Promise.resolve();
  });
}

interface FactorView {
  readonly showCodes: (codes: readonly string[]) => void;
  readonly load: () => Promise<void>;
}

function factorActions(api: Api, { showCodes, load }: FactorView): HTMLElement {
  const renew = async (): Promise<void> => {
    let codes: readonly string[] = [];
    const outcome = await ask({
      title: "Replace the recovery codes?",
      text: "The previous codes stop working.",
      fields: [codeField],
      submit: "Replace the codes",
      act: async (values) => {
        const { recoveryCodes } = await api.post<RecoveryCodes>(`${factorPath}/recovery-codes`, values);
        if (recoveryCodes === undefined) throw lostCodes();
        codes = recoveryCodes;
      },
    });
    // The closed dialog would take the focus back.
    if (outcome === "done") showCodes(codes);
  };
  const remove = async (): Promise<void> => {
    const outcome = await ask({
      title: "Remove the second factor?",
      text: "Sign-in then asks for your password only.",
      fields: [codeField],
      submit: "Remove",
      danger: true,
      act: (values) => api.post(`${factorPath}/remove`, values),
    });
    if (outcome !== "done") return;
    await load();
    say("Your second factor is removed.");
  };
  return element(
    "div",
    { class: "buttons", role: "group", "aria-label": "Second factor" },
    actionButton("New recovery codes", renew),
    actionButton("Remove", remove, { class: "danger" }),
  );
}
