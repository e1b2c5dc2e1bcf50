/** Every operation of the API, in the order of the docs, and the requests that Portico makes itself. */
import type { AnyOperation } from "./contract/operation.ts";
import * as coupons from "./coupons/contract.ts";
import * as consolePages from "./web/console/contract.ts";
import * as docs from "./web/docs/contract.ts";
import * as audit from "./audit/contract.ts";
import * as events from "./events/contract.ts";
import * as companies from "./companies/contract.ts";
import * as partners from "./partners/contract.ts";
import * as sandbox from "./sandbox/contract.ts";
import * as subscriptions from "./subscriptions/contract.ts";
import * as oauth from "./oauth/contract.ts";
import * as privacy from "./privacy/contract.ts";
import * as threads from "./threads/contract.ts";
import * as system from "./system/contract.ts";
import * as usage from "./usage/contract.ts";
import * as webhookArea from "./webhooks/contract.ts";
import * as users from "./users/contract.ts";
import * as signIn from "./users/sign-in-contract.ts";

export const operations: readonly AnyOperation[] = [
  ...Object.values(oauth.operations),
  ...Object.values(signIn.operations),
  ...Object.values(users.operations),
  ...Object.values(coupons.operations),
  ...Object.values(partners.operations),
  ...Object.values(sandbox.operations),
  ...Object.values(sandbox.testClockOperations),
  ...Object.values(subscriptions.operations),
  ...Object.values(companies.operations),
  ...Object.values(usage.operations),
  ...Object.values(events.operations),
  ...Object.values(webhookArea.operations),
  ...Object.values(audit.operations),
  ...Object.values(threads.operations),
  ...Object.values(privacy.operations),
  ...Object.values(system.operations),
  ...Object.values(docs.operations),
  ...Object.values(consolePages.operations),
];

/** The requests that Portico makes. */
export const { webhooks } = webhookArea;
