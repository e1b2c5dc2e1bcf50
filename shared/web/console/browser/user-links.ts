/** Links to users, by their usernames. */
import { clampedLink } from "./format.ts";
import type { User } from "./resources.ts";
import { usersHash, usersPath } from "./user-fields.ts";
import type { Console } from "./view.ts";

/** @returns makes a link with the id, which the username replaces once it is loaded; each user is loaded once */
export function userLinks({ api, signal }: Console): (id: string) => HTMLAnchorElement {
  const people = new Map<string, Promise<string>>();
  const usernameOf = (id: string): Promise<string> => {
    const known = people.get(id) ?? api.get<User>(`${usersPath}/${id}`, signal).then(({ username }) => username);
    people.set(id, known);
    return known;
  };
  return (id) => {
    const link = clampedLink(`${usersHash}/${id}`, id);
    // The id of a user who was deleted stays.
    usernameOf(id).then(
      (username) => link.replaceChildren(username),
      () => undefined,
    );
    return link;
  };
}
