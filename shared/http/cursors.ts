/**
 * Pagination cursors: encrypted and authenticated (AES-256-GCM), so that they are opaque. The associated data binds them to the
 * caller, the operation and its filters; a cursor of a different list does not decrypt.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { Problem } from "../domain/problems.ts";

const nonceBytes = 12;
const tagBytes = 16;

/** The list that a cursor belongs to. */
export interface CursorBinding {
  readonly operationId: string;
  readonly principalId: string;
  /** The path parameters: each resource has a list of its own. */
  readonly path: unknown;
  /** The filters as sent, without `limit` and `cursor`. */
  readonly filters: Readonly<Record<string, unknown>>;
}

/** @param secret the secret `cursorKey` */
function encryptionKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "portico cursor", 32));
}

function associatedData({ operationId, principalId, path, filters }: CursorBinding): Buffer {
  const sorted = Object.entries(filters).filter(([, value]) => value !== undefined);
  return Buffer.from(
    JSON.stringify([operationId, principalId, path ?? null, sorted.sort(([a], [b]) => (a < b ? -1 : 1))]),
  );
}

/** Encrypts the sort key after which the next page begins. */
export function sealCursor(place: string, binding: CursorBinding, secret: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", encryptionKey(secret), nonce).setAAD(associatedData(binding));
  const sealed = Buffer.concat([cipher.update(place, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
}

/**
 * The sort key in a cursor.
 *
 * @throws Problem `cursor_invalid` for a tampered cursor, or one of another caller, list or filter
 */
export function openCursor(cursor: string, binding: CursorBinding, secret: string): string {
  const bytes = Buffer.from(cursor, "base64url");
  // Base64url has several spellings of the same bytes; only the issued one is accepted.
  if (bytes.length < nonceBytes + tagBytes || bytes.toString("base64url") !== cursor) throw cursorInvalid();
  const decipher = createDecipheriv("aes-256-gcm", encryptionKey(secret), bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(associatedData(binding)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
  } catch {
    throw cursorInvalid();
  }
}

function cursorInvalid(): Problem {
  return new Problem("cursor_invalid", "Send `nextCursor` of the previous page unchanged, with the same filters.");
}
