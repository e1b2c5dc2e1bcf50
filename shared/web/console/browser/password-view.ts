/** The page of a one-time link: a person sets its password, without a session. */
import { element } from "./dom.ts";
import { form } from "./forms.ts";
import { send } from "./requests.ts";
import { headingOf } from "./view.ts";

/** Takes the token out of the address, so that neither the history nor a screenshot has it; undefined without one. */
export function takeLinkToken(): string | undefined {
  const token = /^#\/password\/([\w.-]{1,256})$/.exec(location.hash)?.[1];
  if (token !== undefined) history.replaceState(null, "", location.pathname);
  return token;
}

/** @param done called with the person's username when the password is set */
export function passwordView(token: string, done: (username: string) => void): HTMLElement {
  const set = async (values: object): Promise<void> => {
    const json = { ...values, token };
    const { username } = await send<{ username: string }>({ method: "POST", path: "/v1/auth/password-reset", json });
    done(username);
  };
  return element(
    "section",
    { class: "sign-in" },
    headingOf("Set your password"),
    element("p", {}, "An administrator has sent you this link. It works once, within 24 hours."),
    form({
      fields: [
        {
          name: "newPassword",
          label: "New password",
          type: "password",
          autocomplete: "new-password",
          hint: "At least 12 characters.",
          codes: ["password_too_common"],
        },
      ],
      submit: "Set the password",
      act: set,
    }),
  );
}
