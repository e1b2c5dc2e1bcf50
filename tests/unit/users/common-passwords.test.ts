/** The kept list of common passwords is the published one, no more and no less. */
import { createHash } from "node:crypto";
import { dictionary } from "@zxcvbn-ts/language-common";
import { Problem } from "../../../shared/domain/problems.ts";
import { commonPasswordHashes } from "../../../shared/users/common-passwords.ts";
import { choosePassword } from "../../../shared/users/rules.ts";

/** Shorter ones are refused for their length. */
const choosable = dictionary["passwords-common"]
  .map((password) => password.toLowerCase())
  .filter((password) => Array.from(password).length >= 12);

function shortHash(password: string): string {
  return createHash("sha256").update(password).digest("base64url").slice(0, 12);
}

test("the list is that of @zxcvbn-ts/language-common, as far as its passwords could be chosen here", () => {
  expect(choosable.length).toBeGreaterThan(100);
  expect([...commonPasswordHashes].sort()).toEqual([...new Set(choosable.map(shortHash))].sort());
});

test("every one of them is refused, in whatever case", () => {
  const accepted = choosable.filter((password) =>
    [password, password.toUpperCase()].some((chosen) => !(choosePassword(chosen) instanceof Problem)),
  );
  expect(accepted).toEqual([]);
});

test.each(["correct horse battery staple", "a longer ride on a blue bicycle"])("«%s» may be chosen", (password) => {
  expect(choosePassword(password)).toBe(password);
});
