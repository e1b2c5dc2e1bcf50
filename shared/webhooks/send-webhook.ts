/**
 * Sends one request to the URL of a partner. The host name is resolved once, every address is checked, and the connection goes to
 * a checked address, so a name that changes its addresses in between (DNS rebinding) gains nothing.
 */
import { lookup } from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { hostOf, isPublicAddress, refuseUrl, type DestinationRules } from "./addresses.ts";
import type { AttemptOutcome } from "./model.ts";
import { outcomeOf } from "./rules.ts";

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SendResult {
  readonly outcome: AttemptOutcome;
  /** Null without an answer. */
  readonly statusCode: number | null;
  /** `retry-after` as sent. */
  readonly retryAfter?: string | undefined;
}

/** The addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface SendOptions extends DestinationRules {
  readonly resolve?: Resolve;
  /** For everything from the lookup of the name to the end of the answer. */
  readonly timeLimitMs?: number;
  /** Certificates of authorities, for tests. Default: those of Node.js. */
  readonly authorities?: string;
}

const defaultTimeLimitMs = 10_000;
const maxAnswerBytes = 16 * 1024;
const maxHeaderBytes = 16 * 1024;

/** Never throws: whatever goes wrong is an outcome. */
export async function sendWebhook(request: WebhookRequest, options: SendOptions): Promise<SendResult> {
  const url = new URL(request.url);
  const timeLimit = AbortSignal.timeout(options.timeLimitMs ?? defaultTimeLimitMs);
  const addresses = await checkedAddresses(url, options, timeLimit);
  if (typeof addresses === "string") return { outcome: addresses, statusCode: null };
  return await new Promise((settle) => {
    post(url, request, { addresses, timeLimit, authorities: options.authorities, settle });
  });
}

/** The addresses that the connection may go to, or why there is none. */
export async function checkedAddresses(
  url: URL,
  { toPrivateAddresses, resolve = resolveAll }: SendOptions,
  timeLimit: AbortSignal,
): Promise<readonly string[] | AttemptOutcome> {
  if (refuseUrl(url, { toPrivateAddresses }) !== undefined) return "address_refused";
  const host = hostOf(url);
  if (isIP(host) !== 0) return [host];
  const addresses = await Promise.race([resolve(host).catch(() => []), aborted(timeLimit)]);
  if (addresses === undefined) return "timed_out";
  if (addresses.length === 0) return "name_unresolved";
  // One bad address refuses the name: nobody but an attacker has a name for both.
  return toPrivateAddresses || addresses.every(isPublicAddress) ? addresses : "address_refused";
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
  });
}

interface Connection {
  readonly addresses: readonly string[];
  readonly timeLimit: AbortSignal;
  readonly authorities: string | undefined;
  readonly settle: (result: SendResult) => void;
}

function post(url: URL, { headers, body }: WebhookRequest, connection: Connection): void {
  const { addresses, timeLimit, authorities, settle } = connection;
  const { request: open } = url.protocol === "https:" ? https : http;
  const outgoing = open(url, {
    method: "POST",
    // A compressed answer could be a thousand times larger than what is read of it.
    headers: { ...headers, "accept-encoding": "identity", "content-length": Buffer.byteLength(body) },
    // A connection of its own: one of a pool could lead to an address that was checked for a different name.
    agent: false,
    lookup: lookupIn(addresses),
    maxHeaderSize: maxHeaderBytes,
    signal: timeLimit,
    ...(authorities !== undefined && { ca: authorities }),
  });
  let result: SendResult | undefined;
  outgoing.on("response", (answer) => {
    const { statusCode = 0 } = answer;
    result = { outcome: outcomeOf(statusCode), statusCode, retryAfter: answer.headers["retry-after"] };
    let bytes = 0;
    answer.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxAnswerBytes) outgoing.destroy();
    });
    // The status has decided: what becomes of the body does not matter.
    answer.on("error", () => undefined);
  });
  let failure: AttemptOutcome = "answer_invalid";
  outgoing.on("error", (error) => {
    failure = timeLimit.aborted ? "timed_out" : failureOf(error);
  });
  // Comes last, whatever happens: also after an upgrade, which is no answer.
  outgoing.on("close", () => {
    settle(result ?? { outcome: failure, statusCode: null });
  });
  outgoing.end(body);
}

/** Gives the socket the checked addresses instead of a second lookup. */
function lookupIn(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, callback) => {
    const [first] = found;
    if (all === true) callback(null, found);
    else callback(null, first?.address ?? "", first?.family);
  };
}

/** Codes of Node.js for an answer that is not HTTP, and for TLS. */
function failureOf(error: Error): AttemptOutcome {
  const code = (error as { readonly code?: unknown }).code;
  if (typeof code !== "string") return "connection_failed";
  if (code.startsWith("HPE_")) return "answer_invalid";
  const isTls = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_|EPROTO)/.test(code);
  return isTls ? "tls_failed" : "connection_failed";
}
