/** What the list of partners and the page of a partner share: paths, form fields and the display of a new secret. */
import { showOnce } from "./dialogs.ts";
import type { Field } from "./forms.ts";
import { complain, say } from "./messages.ts";
import type { Partner } from "./resources.ts";

export const partnersPath = "/v1/partners";

export const partnersHash = "#/partners";

export interface NewSecret {
  readonly clientId: string;
  /** Absent in the replayed response of a retry. */
  readonly clientSecret?: string;
}

/**
 * Shows a new client secret.
 *
 * @returns reports the outcome: when the first response with the secret was lost, the person must create another secret
 */
export async function showSecret(title: string, secret: NewSecret, done: string): Promise<() => void> {
  const { clientId, clientSecret } = secret;
  if (clientSecret === undefined) {
    return () =>
      complain("The change was made, but the response with the client secret was lost. Create a new secret.");
  }
  await showOnce(title, "Save the secret in a safe place now. It is shown once, and nobody can read it again.", [
    ["Client id", clientId],
    ["Client secret", clientSecret],
  ]);
  return () => say(done);
}

/** @param partner its values fill the fields */
export function profileFields(partner?: Partner): Field[] {
  return [
    { name: "name", label: "Name", ...(partner && { value: partner.name }) },
    {
      name: "websiteUrl",
      label: "Website",
      type: "url",
      hint: "Starts with https://",
      ...(partner && { value: partner.websiteUrl }),
    },
    ...(partner === undefined || partner.sandboxOf === null ? [emailField(partner)] : []),
  ];
}

/** A sandbox has no e-mail address. */
function emailField(partner?: Partner): Field {
  return {
    name: "email",
    label: "E-mail",
    type: "email",
    codes: ["partner_email_taken"],
    ...(partner && { value: partner.email }),
  };
}
