/** The sign-in view. */
import { element } from "./dom.ts";
import { form } from "./forms.ts";
import { headingOf } from "./view.ts";

/** @param signIn the form shows what it throws */
export function signInView(signIn: (credentials: { username: string; password: string }) => Promise<void>) {
  const heading = headingOf("Sign in");
  const fields = form({
    fields: [
      { name: "username", label: "Username", autocomplete: "username" },
      { name: "password", label: "Password", type: "password", autocomplete: "current-password" },
    ],
    submit: "Sign in",
    act: async ({ username, password }) => {
      await signIn({ username: String(username), password: String(password) });
    },
  });
  return {
    element: element("section", { class: "sign-in" }, heading, fields),
    focus: () => fields.querySelector("input")?.focus(),
  };
}
