/** Part of the partner's client: verifies webhooks by the Standard Webhooks specification. It needs Web Crypto and nothing else. */

/** The request is not a webhook of this endpoint, or not one of now. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

/** What every webhook has. */
export interface WebhookPayload {
  /** Id of the event. The same event may arrive more than once, always with the same id. */
  readonly id: string;
  readonly type: string;
  /** When it happened: RFC 3339. */
  readonly timestamp: string;
  readonly data: unknown;
}

/** Headers as `fetch`, Node.js or Lambda give them. */
export type WebhookHeaders =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How far the clocks may differ, and how late a webhook may arrive. Default 300. */
  readonly toleranceSeconds?: number;
  /** Default: the current time. */
  readonly now?: Date;
}

const secretPrefix = "whsec_";
const publicKeyPrefix = "whpk_";
const encoder = new TextEncoder();

/**
 * Verifies a webhook and returns its event.
 *
 * @param payload the body exactly as it has arrived, before any parser has changed it
 * @param keys the secret of the endpoint (`whsec_`) or its public key (`whpk_`); all that are valid, while one is replaced by another
 * @throws WebhookVerificationError
 * @example
 * const event = await verifyWebhook(await request.text(), request.headers, process.env.WEBHOOK_SECRET);
 */
export async function verifyWebhook<Payload extends WebhookPayload = WebhookPayload>(
  payload: string | Uint8Array,
  headers: WebhookHeaders,
  keys: string | readonly string[],
  { toleranceSeconds = 300, now = new Date() }: VerifyOptions = {},
): Promise<Payload> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  checkTime(timestamp, toleranceSeconds, now);
  const body = typeof payload === "string" ? encoder.encode(payload) : payload;
  const signed = joined(encoder.encode(`${id}.${timestamp}.`), body);
  const signatures = headerOf(headers, "webhook-signature").split(" ");
  let isVerified = false;
  for (const text of typeof keys === "string" ? [keys] : keys) {
    const { scheme, algorithm, key } = await keyOf(text);
    // Each key verifies its own scheme alone: a public key that passed for a secret would let everybody sign who knows it.
    const bySameScheme = signatures.filter((signature) => signature.startsWith(scheme));
    for (const signature of bySameScheme.flatMap((part) => bytesOf(part.slice(scheme.length)) ?? [])) {
      // Web Crypto compares in constant time.
      if (await crypto.subtle.verify(algorithm, key, signature, signed)) isVerified = true;
    }
  }
  if (!isVerified) throw new WebhookVerificationError("no signature matches");
  return parse(new TextDecoder().decode(body)) as Payload;
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const isMap = "get" in headers && typeof headers.get === "function";
  const value = isMap ? headers.get(name) : recordValue(headers, name);
  if (typeof value !== "string" || value === "") throw new WebhookVerificationError(`the header ${name} is missing`);
  return value;
}

function recordValue(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return Array.isArray(value) ? value[0] : value;
}

function checkTime(timestamp: string, toleranceSeconds: number, now: Date): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError("the header webhook-timestamp is no time");
  const age = now.getTime() / 1000 - Number(timestamp);
  if (age > toleranceSeconds) throw new WebhookVerificationError("the webhook is too old");
  // A timestamp has whole seconds.
  if (age < -toleranceSeconds) throw new WebhookVerificationError("the webhook is from the future");
}

async function keyOf(text: string) {
  if (text.startsWith(publicKeyPrefix)) {
    const bytes = bytesOf(text.slice(publicKeyPrefix.length));
    if (bytes?.length !== 32) throw new TypeError("the public key of the webhook endpoint is malformed");
    const algorithm = "Ed25519";
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["verify"]);
    return { scheme: "v1a,", algorithm, key };
  }
  const bytes = bytesOf(text.startsWith(secretPrefix) ? text.slice(secretPrefix.length) : text);
  if (bytes === undefined || bytes.length === 0) throw new TypeError("the secret of the webhook endpoint is malformed");
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return { scheme: "v1,", algorithm: "HMAC", key };
}

/** The bytes of a text in base64; undefined for any other text. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WebhookVerificationError("the body is not JSON");
  }
}
