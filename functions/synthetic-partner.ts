/**
 * EventBridge runs this at a rate: it calls the public URL as a partner does, so that an outage shows although nobody calls. It
 * fails when a promise of the contract is broken; an alarm rings when no run succeeds.
 */
import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import * as z from "zod";
import { syntheticPartnerId } from "../shared/partners/synthetic-partner.ts";
import { spendDay } from "../shared/probe/partner-day.ts";
import { BrokenPromise, Visitor } from "../shared/probe/visitor.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeError, log } from "../shared/runtime/log.ts";
import { forgetSecret, Secrets } from "../shared/runtime/secrets.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { removeSubscriptions } from "../shared/subscriptions/remove-subscriptions.ts";

const environment = readEnvironment(process.env, ["syntheticPartner"]);
const client = createTableClient();
const operation = "synthetic-partner";

/** Callers do not wait longer either. */
const patienceMs = 10_000;

const secretSchema = z.object({ clientId: z.string(), clientSecret: z.string() });

/** @throws Error when it is not served as the contract promises */
export async function handler(_event: unknown, context: Context): Promise<void> {
  const requestId = context.awsRequestId;
  const deadline = Date.now() + context.getRemainingTimeInMillis() - 1000;
  try {
    // A secret that an operator has just changed must not ring.
    forgetSecret("syntheticPartner");
    const secret = await new Secrets(environment, deadline).read("syntheticPartner");
    const { clientId: id, clientSecret } = secretSchema.parse(JSON.parse(secret));
    try {
      await spendDay(new Visitor(environment.PUBLIC_URL, patienceMs), { id, secret: clientSecret }, randomUUID());
    } finally {
      // Also what an interrupted run has left. The API keeps the history of a subscription as long as its partner.
      await removeSubscriptions(new Table(client, environment.TABLE_NAME, deadline), syntheticPartnerId);
    }
    log("info", "synthetic_partner_served", { requestId, operation });
  } catch (error) {
    const reason = error instanceof BrokenPromise ? { reason: error.message } : {};
    log("error", "synthetic_partner_failed", { requestId, operation, ...describeError(error), ...reason });
    // Lambda writes the message of what is thrown, and a parser's message may repeat the secret.
    throw new Error("the synthetic partner is not served");
  }
}
