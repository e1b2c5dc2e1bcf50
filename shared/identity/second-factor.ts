/**
 * A person's second factor: a TOTP secret and recovery codes. The table holds the secret encrypted (AES-256-GCM) and the codes as
 * keyed hashes, bound to their owner, so that neither a leaked table nor a moved item gives a code away.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, randomInt } from "node:crypto";
import { recoveryCodeCount, type SecondFactor } from "./model.ts";
import { stepsOfCode, totpSecretBytes } from "./totp.ts";

const nonceBytes = 12;
const tagBytes = 16;

/** Whose second factor it is, and the secret `secondFactorKey`. */
export interface FactorOwner {
  readonly userId: string;
  readonly key: string;
}

/** A new TOTP secret, and the factor that still has to be confirmed with its first code. */
export function beginSecondFactor(owner: FactorOwner): { readonly secret: Buffer; readonly factor: SecondFactor } {
  const secret = randomBytes(totpSecretBytes);
  return { secret, factor: { sealedSecret: sealSecret(secret, owner), lastStep: 0, recoveryHashes: [] } };
}

/** What a presented code is worth. */
export type CodeVerdict =
  /** `next`: the factor after the code was used. */
  | { readonly kind: "accepted"; readonly next: SecondFactor; readonly by: "totp" | "recovery_code" }
  /** It was right and was accepted before. */
  | { readonly kind: "used" }
  | { readonly kind: "wrong" };

/** Checks a code of the authenticator app or, for a confirmed factor, a recovery code. Spaces, hyphens and case do not matter. */
export function checkCode(factor: SecondFactor, presented: string, owner: FactorOwner, now: Date): CodeVerdict {
  const code = presented.replaceAll(/[\s-]/g, "").toUpperCase();
  const steps = stepsOfCode(openSecret(factor.sealedSecret, owner), code, now);
  const [step] = steps.filter((candidate) => candidate > factor.lastStep);
  if (step !== undefined) return { kind: "accepted", next: { ...factor, lastStep: step }, by: "totp" };
  if (steps.length > 0) return { kind: "used" };
  const hash = hashRecoveryCode(code, owner);
  if (!factor.recoveryHashes.includes(hash)) return { kind: "wrong" };
  const recoveryHashes = factor.recoveryHashes.filter((kept) => kept !== hash);
  return { kind: "accepted", next: { ...factor, recoveryHashes }, by: "recovery_code" };
}

/** Without letters and digits that look alike (Crockford's base32). */
const recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const recoveryCodeLength = 10;

/** New recovery codes of 50 random bits each, and the factor that accepts them alone. */
export function renewRecoveryCodes(
  factor: SecondFactor,
  owner: FactorOwner,
): { readonly codes: readonly string[]; readonly factor: SecondFactor } {
  const codes = Array.from({ length: recoveryCodeCount }, newRecoveryCode);
  return { codes, factor: { ...factor, recoveryHashes: codes.map((code) => hashRecoveryCode(code, owner)) } };
}

function newRecoveryCode(): string {
  const letters = Array.from({ length: recoveryCodeLength }, () =>
    recoveryAlphabet.charAt(randomInt(recoveryAlphabet.length)),
  );
  return letters.join("");
}

/** A recovery code as people read it: `7K3M9-QX2ZT`. */
export function showRecoveryCode(code: string): string {
  const half = recoveryCodeLength / 2;
  return `${code.slice(0, half)}-${code.slice(half)}`;
}

function hashRecoveryCode(code: string, { userId, key }: FactorOwner): string {
  return createHmac("sha256", deriveKey(key, "recovery code"))
    .update(JSON.stringify([userId, code]))
    .digest("base64url");
}

function sealSecret(secret: Uint8Array, { userId, key }: FactorOwner): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", deriveKey(key, "totp secret"), nonce).setAAD(Buffer.from(userId));
  const sealed = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
}

/** @throws Error for a secret that is damaged, or belongs to somebody else or to another key */
function openSecret(sealed: string, { userId, key }: FactorOwner): Buffer {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", deriveKey(key, "totp secret"), bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(userId)).setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

/** One secret, a key for each purpose. */
function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `portico second factor: ${purpose}`, 32));
}
