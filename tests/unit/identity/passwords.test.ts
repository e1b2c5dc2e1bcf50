import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { hashPassword, verifyPassword } from "../../../shared/identity/passwords.ts";

const password = "correct horse battery staple";

test("stores a password as argon2id with OWASP's parameters and its own salt", async () => {
  const [one, other] = [await hashPassword(password), await hashPassword(password)];
  for (const phc of [one, other]) {
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(phc).not.toContain(password);
  }
  expect(one).not.toBe(other);
});

test("verifies only the hashed password", async () => {
  const phc = await hashPassword(password);
  expect(await verifyPassword(password, phc)).toBe(true);
  for (const wrong of ["", " ", password.toUpperCase(), `${password} `, password.slice(0, -1), `${password}\u0000`]) {
    expect(await verifyPassword(wrong, phc)).toBe(false);
  }
});

test("normalises the Unicode form of a password", async () => {
  const phc = await hashPassword("Z\u00fcrich am See 1848");
  expect(await verifyPassword("Zu\u0308rich am See 1848", phc)).toBe(true);
});

test("uses all characters of a long password", async () => {
  const phc = await hashPassword("x".repeat(128));
  expect(await verifyPassword("x".repeat(128), phc)).toBe(true);
  expect(await verifyPassword("x".repeat(127), phc)).toBe(false);
});

test("a user that does not exist has no password", async () => {
  for (const any of ["", password]) expect(await verifyPassword(any, undefined)).toBe(false);
});

test("verifies a hash with other parameters, so that they can change", async () => {
  // RFC 9106's algorithm with 8 MiB, 3 passes, 1 lane, made by node:crypto.
  const { argon2Sync } = await import("node:crypto");
  const nonce = Buffer.alloc(16, 7);
  const hash = argon2Sync("argon2id", {
    message: Buffer.from(password),
    nonce,
    memory: 8192,
    passes: 3,
    parallelism: 1,
    tagLength: 32,
  });
  const text = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  const phc = `$argon2id$v=19$m=8192,t=3,p=1$${text(nonce)}$${text(hash)}`;
  expect(await verifyPassword(password, phc)).toBe(true);
  expect(await verifyPassword("wrong", phc)).toBe(false);
});

test.each(["", "plain", "$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA", "$2b$10$abcdefghijklmnopqrstuv"])(
  "throws on %j, which is not a password hash",
  async (phc) => {
    await expect(verifyPassword(password, phc)).rejects.toThrow("argon2id");
  },
);

test("a Node.js without argon2 is refused at start, in one clear line", () => {
  const module = join(import.meta.dirname, "../../../shared/identity/passwords.ts");
  const program = `
    import crypto from "node:crypto";
    import { syncBuiltinESMExports } from "node:module";
    delete crypto.argon2;
    syncBuiltinESMExports();
    await import(${JSON.stringify(module)}).catch(({ message }) => console.log(message));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  expect(stdout).toBe(`Portico needs Node.js 24.7 or later: node:crypto of ${process.version} has no argon2\n`);
});
