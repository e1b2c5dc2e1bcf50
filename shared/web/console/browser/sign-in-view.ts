/** The sign-in view: username and password, then a code where the person has a second factor. */
import { element } from "./dom.ts";
import { form } from "./forms.ts";
import { RequestError } from "./requests.ts";
import { codeField } from "./second-factor-enrolment.ts";
import type { Credentials } from "./session.ts";
import { headingOf } from "./view.ts";

/** @param signIn the form shows what it throws @param username fills the field */
export function signInView(signIn: (credentials: Credentials) => Promise<void>, username?: string) {
  const section = element("section", { class: "sign-in" });
  const focus = (): void => {
    const inputs = [...section.querySelectorAll("input")];
    (inputs.find(({ value }) => value === "") ?? inputs[0])?.focus();
  };

  const showPassword = (): void => {
    const fields = form({
      fields: [
        {
          name: "username",
          label: "Username",
          autocomplete: "username",
          ...(username !== undefined && { value: username }),
        },
        { name: "password", label: "Password", type: "password", autocomplete: "current-password" },
      ],
      submit: "Sign in",
      act: async ({ username, password }) => {
        const credentials = { username: String(username), password: String(password) };
        try {
          await signIn(credentials);
        } catch (error) {
          if (!(error instanceof RequestError) || error.code !== "second_factor_required") throw error;
          showCode(credentials);
        }
      },
    });
    section.replaceChildren(headingOf("Sign in"), fields);
  };

  const showCode = (credentials: Credentials): void => {
    const back = (): void => {
      showPassword();
      focus();
    };
    const fields = form({
      fields: [codeField],
      submit: "Sign in",
      beside: element("button", { type: "button", onclick: back }, "Back"),
      act: ({ code }) => signIn({ ...credentials, code: String(code) }),
    });
    section.replaceChildren(headingOf("Second factor"), fields);
    focus();
  };

  showPassword();
  return { element: section, focus };
}
