/** The promises that are tested under faults. */
import type { Scenario } from "../kit.ts";
import { tokens } from "./tokens.ts";
import { subscriptions, idempotency } from "./subscriptions.ts";
import { partnerEmails, deletion } from "./partners.ts";
import { bankAccounts } from "./companies.ts";
import { signIn } from "./users.ts";
import { crowdFor, spending } from "./coupons.ts";
import { threads } from "./threads.ts";

export const scenarios: readonly Scenario[] = [
  tokens,
  subscriptions,
  idempotency,
  partnerEmails,
  deletion,
  signIn,
  crowdFor(0.5),
  spending,
  threads,
  bankAccounts,
];
