/**
 * A partner's program: sells subscriptions, extends one and lists all, with the client that `npm run client` generates.
 *
 * @example
 * PORTICO_URL=http://127.0.0.1:3000 PORTICO_CLIENT_ID=ptr_… PORTICO_CLIENT_SECRET=… node docs/examples/partner.ts
 */
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "../../dist/client/client/index.ts";
import { Portico, type Subscription } from "../../dist/client/index.ts";

const {
  PORTICO_URL: baseUrl = "http://127.0.0.1:3000",
  PORTICO_CLIENT_ID: clientId = "",
  PORTICO_CLIENT_SECRET: clientSecret = "",
} = process.env;

const maxAttempts = 5;

/**
 * Repeats a request if the connection breaks, or if Portico answers with 503 or 429 and `retry-after`. A lost answer may belong
 * to a write that has happened, so every write below carries an `Idempotency-Key`, which makes the repetition safe.
 */
const persistentFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === maxAttempts;
    try {
      // A body can be read only once, so each attempt sends a clone.
      const response = await fetch(request.clone());
      if (isLast || (response.status !== 503 && response.status !== 429)) return response;
      await pause(Number(response.headers.get("retry-after") ?? 1) * 1000);
    } catch (error) {
      if (isLast) throw error;
      await pause(100 * 2 ** attempt * Math.random());
    }
  }
};

let token: { readonly value: string; readonly goodUntil: number } | undefined;

/** The access token, kept until a minute before it expires: under the token policy `single`, a new one revokes the old one. */
async function accessToken(): Promise<string> {
  if (token !== undefined && Date.now() < token.goodUntil) return token.value;
  const oauth = new Portico({ client: createClient({ baseUrl, fetch: persistentFetch }), key: "oauth" }).oauth;
  const { data, error } = await oauth.token({
    body: { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret },
  });
  if (data === undefined) throw new Error(`no access token: ${JSON.stringify(error)}`);
  token = { value: data.access_token, goodUntil: Date.now() + ((data.expires_in ?? Infinity) - 60) * 1000 };
  return token.value;
}

const portico = new Portico({ client: createClient({ baseUrl, fetch: persistentFetch, auth: accessToken }) });

/** Sells a month. A customer who has a subscription keeps it. */
async function sell(customer: string): Promise<void> {
  const { error } = await portico.subscriptions.create({
    // The shop's own order number, so the same order is never sold twice.
    headers: { "Idempotency-Key": `sell-${customer}` },
    body: { externalUserId: customer, userEmail: `${customer}@shop.example`, duration: "P1M" },
  });
  // Branch on the code of a problem, never on its texts.
  if (error !== undefined && !("code" in error && error.code === "subscription_exists")) throw refusal(error);
}

async function extend(customer: string, duration: string): Promise<Subscription> {
  const { data, error } = await portico.subscriptions.extend({
    path: { externalUserId: customer },
    headers: { "Idempotency-Key": `extend-${customer}-${duration}` },
    body: { duration },
  });
  if (data === undefined) throw refusal(error);
  return data;
}

/** All subscriptions, page by page. Only `nextCursor: null` is the end. */
async function* subscriptions(): AsyncGenerator<Subscription> {
  let cursor: string | null | undefined;
  do {
    const { data, error } = await portico.subscriptions.list({ query: { limit: 2, ...(cursor && { cursor }) } });
    if (data === undefined) throw refusal(error);
    yield* data.items;
    cursor = data.nextCursor;
  } while (cursor !== null);
}

function refusal(error: unknown): Error {
  return new Error(`Portico refused: ${JSON.stringify(error)}`);
}

for (const customer of ["ada", "grace", "linus"]) await sell(customer);
const { externalUserId, expiresAt } = await extend("grace", "P1Y");
console.log(`${externalUserId} now ends at ${expiresAt}`);
for await (const subscription of subscriptions()) console.log(`${subscription.externalUserId}: ${subscription.status}`);
