/** One-time links: an administrator makes one, passes it on, and the person sets its password with it. */
import { Problem } from "../domain/problems.ts";
import { countFailure } from "../identity/limit-attempts.ts";
import { passwordLinkGuessLimit, type PasswordLink, type UserState } from "../identity/model.ts";
import { findPasswordLink } from "../identity/password-link-store.ts";
import { acceptsLink, hashLinkToken, newLinkToken, passwordLink, userOfLinkToken } from "../identity/password-links.ts";
import { findUserState } from "../identity/store.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Table } from "../runtime/table.ts";
import { loggingFailure, type SignInContext } from "./log-sign-in-failure.ts";
import type { StoredUser } from "./model.ts";
import { findUser } from "./store.ts";

/** The token, which is shown once, and the link, which is kept. */
export interface IssuedPasswordLink {
  readonly token: string;
  readonly link: PasswordLink;
}

export async function issuePasswordLink(
  { id, role }: Pick<StoredUser, "id" | "role">,
  secrets: Secrets,
  now: Date,
): Promise<IssuedPasswordLink> {
  const token = newLinkToken(id);
  return { token, link: passwordLink(hashLinkToken(token, await secrets.read("clientSecretKey")), role, now) };
}

/** The person who may set a password, and what that was decided on. */
export interface OpenedLink {
  readonly user: StoredUser;
  readonly state: UserState;
  readonly link: PasswordLink;
}

/**
 * The person for whom a link was made.
 *
 * @throws Problem `password_link_invalid`, the same for every reason, or `too_many_attempts` for a failure over the limit
 */
export async function openPasswordLink(
  token: string,
  { table, secrets }: { readonly table: Table; readonly secrets: Secrets },
  context: SignInContext,
): Promise<OpenedLink> {
  const userId = userOfLinkToken(token);
  if (userId === undefined) throw invalidLink();
  const [key, link, state, user] = await Promise.all([
    secrets.read("clientSecretKey"),
    findPasswordLink(table, userId),
    findUserState(table, userId),
    findUser(table, userId),
  ]);
  const opened = await loggingFailure(
    { target: { targetId: user?.id }, reason: "password_link_invalid" },
    context,
    async () => {
      const accepted = acceptsLink(link, state, hashLinkToken(token, key), context.now);
      if (accepted && link !== undefined && state !== undefined && user !== undefined) return { user, state, link };
      // Counted for names that do not exist as well; otherwise the limit would tell which do.
      const budget = { perName: passwordLinkGuessLimit };
      await countFailure(table, { kind: "password-link", name: userId, budget, now: context.now });
      return undefined;
    },
  );
  if (opened === undefined) throw invalidLink();
  return opened;
}

function invalidLink(): Problem {
  const detail = "The one-time link is wrong, has expired, was used or was replaced by a newer one.";
  return new Problem("password_link_invalid", detail);
}
