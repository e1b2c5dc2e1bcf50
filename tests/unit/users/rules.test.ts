import type { Role } from "../../../shared/domain/access.ts";
import { Problem } from "../../../shared/domain/problems.ts";
import { createUser, linkPassword } from "../../../shared/users/rules.ts";

const now = new Date("2026-11-20T12:00:00Z");
const person = (role: Role, username = "ada") => createUser({ username, name: "Ada", role }, now);

test.each<[Role, Role, boolean]>([
  ["admin", "user", true],
  ["root", "user", true],
  ["admin", "admin", false],
  ["root", "admin", true],
  ["admin", "root", false],
  ["root", "root", false],
])("%s makes a link for the password of %s: %s", (caller, role, allowed) => {
  const user = person(role);
  const decision = linkPassword(user, caller);
  if (allowed) expect(decision).toBe(user);
  else expect(decision).toMatchObject({ code: "forbidden" });
});

test("a user of the identity provider has no password to set", () => {
  const user = person("user", "ext-01jd3y5w8q4t6v2x9zb7c1d3ef");
  expect(linkPassword(user, "root")).toBeInstanceOf(Problem);
});
