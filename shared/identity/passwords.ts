/** Passwords of people: argon2id (RFC 9106) with OWASP's parameters, kept as PHC strings. */
// The default export, because a named import that does not exist fails before any line of this module runs.
import crypto, { randomBytes, timingSafeEqual, type Argon2Parameters } from "node:crypto";
import { promisify } from "node:util";

if (typeof crypto.argon2 !== "function") {
  throw new Error(`Portico needs Node.js 24.7 or later: node:crypto of ${process.version} has no argon2`);
}
const derive = promisify(crypto.argon2);

/** 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet). */
const parameters = { memory: 19_456, passes: 2, parallelism: 1 };
const tagLength = 32;

/** `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>` of a password, in NFC so that keyboards agree. */
export async function hashPassword(password: string): Promise<string> {
  const { memory, passes, parallelism } = parameters;
  const nonce = randomBytes(16);
  const hash = await argon2id(password, { ...parameters, nonce, tagLength });
  const text = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(nonce)}$${text(hash)}`;
}

const phcPattern = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** A hash that no password has, for names that do not exist: the work is the same. */
const nobody = `$argon2id$v=19$m=${parameters.memory},t=${parameters.passes},p=${parameters.parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`;

/**
 * Whether a password is the one that was hashed. Takes as long without a hash as with one.
 *
 * @param phc undefined for a user that does not exist
 */
export async function verifyPassword(password: string, phc: string | undefined): Promise<boolean> {
  const [, memory, passes, parallelism, salt = "", hash = ""] = phcPattern.exec(phc ?? nobody) ?? [];
  if (memory === undefined) throw new Error("the kept password hash is not one of argon2id");
  const expected = Buffer.from(hash, "base64");
  const actual = await argon2id(password, {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(salt, "base64"),
    tagLength: expected.length,
  });
  return timingSafeEqual(actual, expected) && phc !== undefined;
}

/** Whether a hash was made with other parameters than today's, so that it should be made anew at the next sign-in. */
export function isOutdatedHash(phc: string): boolean {
  const [, memory, passes, parallelism] = phcPattern.exec(phc) ?? [];
  return (
    Number(memory) !== parameters.memory ||
    Number(passes) !== parameters.passes ||
    Number(parallelism) !== parameters.parallelism
  );
}

async function argon2id(password: string, options: Omit<Argon2Parameters, "message">): Promise<Buffer> {
  return await derive("argon2id", { ...options, message: Buffer.from(password.normalize("NFC")) });
}
