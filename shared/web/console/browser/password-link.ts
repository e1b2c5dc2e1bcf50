/** One-time links for passwords, as an administrator makes and passes them on. */
import type { Api } from "./api.ts";
import { showOnce } from "./dialogs.ts";
import { complain, say } from "./messages.ts";
import type { User } from "./resources.ts";
import { usersPath } from "./user-fields.ts";

interface NewLink {
  /** Absent in the replayed response of a retry. */
  readonly url?: string;
}

/** Makes a link and shows it once. @returns reports the outcome */
export async function showPasswordLink(api: Api, { id, name, username }: User): Promise<() => void> {
  const { url } = await api.post<NewLink>(`${usersPath}/${encodeURIComponent(id)}/password-reset`, {});
  if (url === undefined) return () => complain("The link was made, but the response was lost. Make another one.");
  await showOnce(
    "The one-time link",
    `Send the link to ${name} by a way that you trust. Whoever opens it first sets the password. It works once, within 24 hours, and nobody can read it again.`,
    [
      ["Link", url],
      ["Username", username],
    ],
  );
  return () => say(`The link for ${name} is made.`);
}
