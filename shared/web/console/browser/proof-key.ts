/**
 * The key that the tokens of a session are bound to (DPoP, RFC 9449). The browser keeps it in IndexedDB and never shows it to a
 * script, so tokens that leave this browser are useless.
 */
import { apiTime } from "./requests.ts";

interface StoredKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: Readonly<Record<"kty" | "crv" | "x" | "y", string | undefined>>;
  /** As `Date.now()` counts. */
  readonly createdAt: number;
}

const databaseName = "portico-console";
const storeName = "keys";

/** A tab that was closed without signing out leaves its key, which is of no use without the tokens that the tab has taken along. */
const forgottenAfterMs = 24 * 60 * 60 * 1000;

export class ProofKey {
  readonly id: string;
  readonly #stored: StoredKey;

  private constructor(id: string, stored: StoredKey) {
    this.id = id;
    this.#stored = stored;
  }

  /** Creates and keeps a key; undefined where the browser has no key store, as in some private windows. */
  static async create(): Promise<ProofKey | undefined> {
    try {
      const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ["sign"]);
      const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
      const stored = { privateKey, publicJwk: { kty, crv, x, y }, createdAt: Date.now() };
      const id = crypto.randomUUID();
      await inStore("readwrite", (store) => {
        removeOld(store);
        return store.put(stored, id);
      });
      return new ProofKey(id, stored);
    } catch {
      return undefined;
    }
  }

  /** The key with an id; undefined if it is not kept any more. */
  static async find(id: string): Promise<ProofKey | undefined> {
    try {
      const stored = (await inStore("readonly", (store) => store.get(id))) as StoredKey | undefined;
      return stored && new ProofKey(id, stored);
    } catch {
      return undefined;
    }
  }

  static async remove(id: string): Promise<void> {
    await inStore("readwrite", (store) => store.delete(id)).catch(() => undefined);
  }

  /** A proof for one request. @param url without query @param accessToken absent at the token endpoint */
  async proof(method: string, url: string, accessToken?: string): Promise<string> {
    const { privateKey, publicJwk } = this.#stored;
    const claims = {
      jti: crypto.randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(apiTime() / 1000),
      ...(accessToken !== undefined && { ath: await hashOf(accessToken) }),
    };
    const signed = [{ typ: "dpop+jwt", alg: "ES256", jwk: publicJwk }, claims]
      .map((part) => base64url(utf8(JSON.stringify(part))))
      .join(".");
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, utf8(signed));
    return `${signed}.${base64url(new Uint8Array(signature))}`;
  }
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

const utf8 = (text: string) => new TextEncoder().encode(text);

async function hashOf(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function removeOld(store: IDBObjectStore): void {
  const cursors = store.openCursor();
  cursors.onsuccess = () => {
    const cursor = cursors.result;
    if (cursor === null) return;
    if ((cursor.value as StoredKey).createdAt < Date.now() - forgottenAfterMs) cursor.delete();
    cursor.continue();
  };
}

/** Does something in the store, and waits until it is done. */
async function inStore<Result>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, mode);
      const request = act(transaction.objectStore(storeName));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
    });
  } finally {
    database.close();
  }
}

async function openDatabase(): Promise<IDBDatabase> {
  return await new Promise((resolve, reject) => {
    const opening = indexedDB.open(databaseName, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(storeName);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error("not opened"));
  });
}
