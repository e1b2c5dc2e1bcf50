/** What a partner does on a day, as calls with the promises of the contract: the smoke test and the synthetic partner share it. */
import { randomUUID } from "node:crypto";
import { expectPromise, textOf, type Visitor } from "./visitor.ts";

export interface ProbePartner {
  readonly id: string;
  readonly secret: string;
}

/** Body of a sale. */
export interface Sale {
  readonly externalUserId: string;
  readonly userEmail: string;
  readonly duration: string;
}

/** Signs in. */
export async function newToken(visitor: Visitor, { id, secret }: ProbePartner): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
  return textOf(await visitor.call("POST /oauth/token", { form, status: 200 }), "access_token");
}

/** Sells once, although the call is repeated. @param key the idempotency key of both calls */
export async function sell(
  visitor: Visitor,
  { token, sale, key }: { readonly token: string; readonly sale: Sale; readonly key: string },
): Promise<void> {
  const headers = { "idempotency-key": key };
  const first = await visitor.call("POST /v1/subscriptions", { token, headers, json: sale, status: 201 });
  const again = await visitor.call("POST /v1/subscriptions", { token, headers, json: sale, status: 201 });
  expectPromise(again.headers.get("idempotency-replayed") === "true", "a repeated sale is not said to be replayed");
  expectPromise(textOf(again, "id") === textOf(first, "id"), "a repeated sale sells twice");
}

/** Extends a subscription, reads it at once, and finds both changes in its history. */
export async function extendAndRead(visitor: Visitor, token: string, customer: string): Promise<void> {
  const subscription = `/v1/subscriptions/${customer}`;
  const extended = await visitor.call(`PUT ${subscription}`, { token, json: { duration: "P1Y" }, status: 200 });
  const read = await visitor.call(`GET ${subscription}`, { token, status: 200 });
  expectPromise(textOf(read, "expiresAt") === textOf(extended, "expiresAt"), "a read does not show the last write");
  const { body } = await visitor.call(`GET ${subscription}/history`, { token, status: 200 });
  const items = Array.isArray(body["items"]) ? (body["items"] as readonly { readonly type?: unknown }[]) : [];
  expectPromise(items.map(({ type }) => type).join() === "created,extended", "the history is not created, extended");
}

/** Cancels a subscription. */
export async function cancel(visitor: Visitor, token: string, customer: string): Promise<void> {
  await visitor.call(`DELETE /v1/subscriptions/${customer}`, { token, status: 204 });
}

/** Revokes the token, and is refused with it at once. */
export async function revoke(
  visitor: Visitor,
  { id, secret }: ProbePartner,
  { token, customer }: { readonly token: string; readonly customer: string },
): Promise<void> {
  const form = { token, client_id: id, client_secret: secret };
  await visitor.call("POST /oauth/revoke", { form, status: 200 });
  await visitor.call(`GET /v1/subscriptions/${customer}`, { token, status: 401, code: "token_revoked" });
  const introspected = await visitor.call("POST /oauth/introspect", { form, status: 200 });
  expectPromise(introspected.body["active"] === false, "a revoked token is introspected as active");
}

/** A whole day: signs in, sells, extends, reads, cancels and signs out. @param customer nobody has this id yet */
export async function spendDay(visitor: Visitor, partner: ProbePartner, customer: string): Promise<void> {
  const token = await newToken(visitor, partner);
  const sale = { externalUserId: customer, userEmail: "reader@synthetic-partner.example", duration: "P1M" };
  await sell(visitor, { token, sale, key: randomUUID() });
  await extendAndRead(visitor, token, customer);
  await cancel(visitor, token, customer);
  await revoke(visitor, partner, { token, customer });
}
