/** What a person has to do before the console can be used: change a one-time password, enrol a second factor. */
import { passwordForm } from "./account-page.ts";
import type { Api, RequiredCode } from "./api.ts";
import { element } from "./dom.ts";
import { form } from "./forms.ts";
import { enrolment } from "./second-factor-enrolment.ts";
import { headingOf } from "./view.ts";

/** @param done called when it is done */
export function requiredView(code: RequiredCode, api: Api, done: () => void): HTMLElement {
  return code === "password_change_required" ? passwordView(api, done) : enrolmentView(api, done);
}

function passwordView(api: Api, done: () => void): HTMLElement {
  return element(
    "section",
    { class: "sign-in" },
    headingOf("Choose a password"),
    element("p", {}, "An administrator chose your password. Choose one that only you know."),
    form(passwordForm(api, done)),
  );
}

function enrolmentView(api: Api, done: () => void): HTMLElement {
  return element(
    "section",
    { class: "sign-in" },
    headingOf("Enrol a second factor"),
    element("p", {}, "Administrators need a second factor here."),
    enrolment(api, done),
  );
}
