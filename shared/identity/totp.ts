/**
 * Time-based one-time passwords (RFC 6238) with the parameters that every authenticator app supports: SHA-1, six digits and steps
 * of thirty seconds. RFC 4226 §B.2 explains why collisions of SHA-1 do not weaken an HMAC.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

const stepSeconds = 30;
const digits = 6;

/** How many steps a clock may be wrong in either direction. */
const toleratedSteps = 1;

/** The length of a secret in bytes: that of the HMAC's hash (RFC 4226 §4, R6). */
export const totpSecretBytes = 20;

/** The number of the time step (RFC 6238 §4.2). */
export function stepAt(now: Date): number {
  return Math.floor(now.getTime() / 1000 / stepSeconds);
}

/** The code of a time step (RFC 4226 §5.3). */
export function totpCode(secret: Uint8Array, step: number, length = digits): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** length).padStart(length, "0");
}

/** The time steps around now whose code this is, the latest first. Compares in constant time. */
export function stepsOfCode(secret: Uint8Array, code: string, now: Date): readonly number[] {
  const current = stepAt(now);
  const steps: number[] = [];
  for (let step = current + toleratedSteps; step >= current - toleratedSteps; step--) {
    const expected = Buffer.from(totpCode(secret, step));
    const presented = Buffer.from(code);
    if (presented.length === expected.length && timingSafeEqual(presented, expected)) steps.push(step);
  }
  return steps;
}

const base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base32 without padding (RFC 4648 §6), as authenticator apps take secrets. */
export function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => base32Alphabet.charAt(Number.parseInt(group.padEnd(5, "0"), 2)))
    .join("");
}

/** The bytes of base32 in any case; undefined for any other text. */
export function parseBase32(text: string): Buffer | undefined {
  const letters = text.toUpperCase().replace(/=+$/, "");
  if (!/^[A-Z2-7]*$/.test(letters)) return undefined;
  const bits = Array.from(letters, (letter) => base32Alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** The URI by which an authenticator app takes a secret. The issuer stands in both places, as Google's key URI format asks. */
export function otpauthUri(secret: Uint8Array, { issuer, account }: { issuer: string; account: string }): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const parameters = [
    `secret=${base32(secret)}`,
    `issuer=${encodeURIComponent(issuer)}`,
    "algorithm=SHA1",
    `digits=${digits}`,
    `period=${stepSeconds}`,
  ];
  return `otpauth://totp/${label}?${parameters.join("&")}`;
}
