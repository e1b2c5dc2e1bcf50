/** Functions that serve no operation. They are declared like operations, and the same construct makes them and their roles. */
import type { SecretName } from "../../shared/runtime/environment.ts";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { couponPartitions } from "../../shared/coupons/keys.ts";
import { eventPartitions, eventPrefix } from "../../shared/events/keys.ts";
import { identityPartitions, principalAttributes, usedProofAttributes } from "../../shared/identity/keys.ts";
import { ledgerPartitions } from "../../shared/ledger/keys.ts";
import { limitPartitions } from "../../shared/limits/keys.ts";
import { migrationRights } from "../../shared/migrations/contract.ts";
import { syntheticPartnerId } from "../../shared/partners/synthetic-partner.ts";
import { noticeAttributes, subscriptionPartitions, subscriptionPartitionsOf } from "../../shared/subscriptions/keys.ts";
import { countRights } from "../../shared/usage/contract.ts";
import { countedTypes } from "../../shared/usage/model.ts";
import { usagePartitions } from "../../shared/usage/keys.ts";
import { userPartitions } from "../../shared/users/keys.ts";
import { deliveryRights, dispatchRights } from "../../shared/webhooks/contract.ts";
import { dispatchedPrefixes } from "../../shared/webhooks/keys.ts";
import type { Stage } from "../stages/stage.ts";
import type { QueueId } from "./names.ts";

/** What a function needs. Every operation is such a declaration. */
export type FunctionDeclaration = Pick<
  AnyOperation,
  "table" | "secrets" | "memoryMegabytes" | "timeoutSeconds" | "reservedConcurrency"
> & {
  readonly id: string;
  /** Rights on secrets beyond reading the ones in `secrets`. */
  readonly secretActions?: Partial<Readonly<Record<SecretName, readonly SecretAction[]>>>;
};

/** Actions of Secrets Manager beyond reading the value. */
export type SecretAction = "DescribeSecret" | "PutSecretValue" | "UpdateSecretVersionStage";

/** Runs before every protected operation. It reads public keys and principals, counts proofs and calls, and reads no secret. */
export const authorizerFunction: FunctionDeclaration = {
  id: "authorizer",
  table: [
    { actions: ["GetItem"], leadingKeys: [identityPartitions.principals, identityPartitions.signingKeys] },
    { actions: ["UpdateItem"], leadingKeys: [identityPartitions.usedProofs], attributes: usedProofAttributes },
    { actions: ["UpdateItem"], leadingKeys: [limitPartitions.limits, usagePartitions.usage] },
  ],
};

/** Runs at every deployment: creates missing signing keys, and updates root and the synthetic partner from their secrets. */
export const bootstrapFunction: FunctionDeclaration = {
  id: "bootstrap",
  table: [
    { actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.usernames] },
    {
      actions: ["PutItem"],
      leadingKeys: [identityPartitions.signingKeys, userPartitions.users, userPartitions.userPlaces],
    },
    {
      actions: ["PutItem", "UpdateItem"],
      leadingKeys: [identityPartitions.principals],
      attributes: principalAttributes.changingSecondFactor,
    },
    { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
    { actions: ["DeleteItem"], leadingKeys: [identityPartitions.attempts, identityPartitions.secondFactors] },
  ],
  secrets: ["clientSecretKey", "rootSignIn", "signingKeys", "syntheticPartner"],
  secretActions: { signingKeys: ["PutSecretValue"] },
  memoryMegabytes: 512,
  timeoutSeconds: 29,
};

/** Secrets Manager calls it once per rotation step: it publishes the next signing key, then activates it. */
export const rotationFunction: FunctionDeclaration = {
  id: "rotation",
  table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [identityPartitions.signingKeys] }],
  secrets: ["signingKeys"],
  secretActions: { signingKeys: ["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"] },
  timeoutSeconds: 29,
};

/** An operator invokes it to bring older items up to date: `npm run migrate`. */
export const migrationFunction: FunctionDeclaration = {
  id: "migration",
  table: migrationRights,
  timeoutSeconds: 29,
};

/** The functions that only operators invoke. */
export const operatorFunctions: readonly FunctionDeclaration[] = [migrationFunction];

/** The functions of the API that serve no operation. */
export const systemFunctions: readonly FunctionDeclaration[] = [
  authorizerFunction,
  bootstrapFunction,
  rotationFunction,
];

/** A function that EventBridge invokes at a rate. */
export interface ScheduledFunction extends FunctionDeclaration {
  readonly everyMinutes: number;
}

/** Checks that credit and coupons add up. It reads everything about them, and writes nothing but its checkpoint. */
export const ledgerCheckFunction: ScheduledFunction = {
  id: "ledger-check",
  everyMinutes: 5,
  table: [
    {
      actions: ["Query"],
      leadingKeys: [
        userPartitions.userPlaces,
        userPartitions.deletedUsers,
        userPartitions.creditMovements,
        couponPartitions.redemptions,
        couponPartitions.coupons,
      ],
    },
    { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
    {
      actions: ["BatchGetItem"],
      leadingKeys: [couponPartitions.coupons, couponPartitions.couponPieces, couponPartitions.redeemedCoupons],
    },
    { actions: ["GetItem", "PutItem"], leadingKeys: [ledgerPartitions.checkpoint] },
  ],
  timeoutSeconds: 120,
};

/** Calls the API as a partner does, and removes what its own subscriptions leave in the table. */
export const syntheticPartnerFunction: ScheduledFunction = {
  id: "synthetic-partner",
  everyMinutes: 5,
  table: [
    {
      actions: ["Query", "BatchWriteItem"],
      leadingKeys: subscriptionPartitionsOf(syntheticPartnerId),
    },
  ],
  secrets: ["syntheticPartner"],
  timeoutSeconds: 60,
};

/** Announces the subscriptions that are about to expire, and those that have. */
export const expiryFunction: ScheduledFunction = {
  id: "expiry",
  everyMinutes: 1,
  table: [
    { actions: ["Query"], leadingKeys: [subscriptionPartitions.notices], index: "gsi2" },
    {
      actions: ["GetItem", "UpdateItem"],
      leadingKeys: [subscriptionPartitions.subscriptions],
      attributes: noticeAttributes,
    },
    { actions: ["PutItem"], leadingKeys: [eventPartitions.events] },
    { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionPartitions.noticePosition] },
  ],
  // It waits for the moments until the next run.
  timeoutSeconds: 60,
};

/** A function that Lambda invokes with the new items of the table. */
export interface StreamFunction extends FunctionDeclaration {
  readonly timeoutSeconds: number;
  /** Beginnings of the partition keys whose new items it gets. */
  readonly insertedUnder: readonly string[];
  /** The values of their attribute `type`; absent: any. */
  readonly ofTypes?: readonly string[];
  /** What fails too often is told to this queue. */
  readonly failedQueue: QueueId;
  readonly batchSize: number;
  /** How often a record is tried again, and until which age. What fails then goes to the queue of failed records. */
  readonly maxRetries: number;
  readonly maxRecordAgeSeconds: number;
}

/** A function that Lambda invokes with the messages of a queue. */
export interface QueueFunction extends FunctionDeclaration {
  readonly timeoutSeconds: number;
  readonly batchSize: number;
  /** How many of its invocations run at once. */
  readonly maxConcurrency: number;
  /** How often a message is received before it goes to the queue of failed messages. */
  readonly maxReceives: number;
}

/** Finds the webhook endpoints of each new event: one message per endpoint, and the event on the bus. */
export const webhookDispatchFunction: StreamFunction = {
  id: "webhook-dispatch",
  insertedUnder: dispatchedPrefixes,
  failedQueue: "dispatches-failed",
  batchSize: 100,
  // Lambda waits longer from retry to retry. Records stay in the stream for a day, so an operator has time to act.
  maxRetries: 50,
  maxRecordAgeSeconds: 6 * 60 * 60,
  table: dispatchRights,
  timeoutSeconds: 30,
};

/** Adds the events of subscriptions to the counts that partners and administrators see. */
export const usageCountFunction: StreamFunction = {
  id: "usage-count",
  insertedUnder: [eventPrefix],
  ofTypes: countedTypes,
  failedQueue: "counts-failed",
  batchSize: 100,
  maxRetries: 50,
  maxRecordAgeSeconds: 6 * 60 * 60,
  table: countRights,
  timeoutSeconds: 30,
};

/** Calls webhook endpoints, and sends itself the next attempt of a delivery that fails. */
export const webhookDeliveryFunction: QueueFunction = {
  id: "webhook-delivery",
  // Small, because a function that dies repeats the calls of its whole batch.
  batchSize: 5,
  maxConcurrency: 20,
  maxReceives: 5,
  table: deliveryRights,
  secrets: ["webhookKey"],
  timeoutSeconds: 30,
};

/** The functions that Lambda invokes with records and messages. */
export const deliveryFunctions: readonly FunctionDeclaration[] = [
  webhookDispatchFunction,
  usageCountFunction,
  webhookDeliveryFunction,
];

/** The functions that run at a rate on a stage. */
export function scheduledFunctionsOf({ operations }: Stage): readonly ScheduledFunction[] {
  return scheduledFunctions.filter((declared) => operations.syntheticPartner || declared !== syntheticPartnerFunction);
}

/** Every function that runs at a rate, whether a stage has it or not. */
export const scheduledFunctions: readonly ScheduledFunction[] = [
  expiryFunction,
  ledgerCheckFunction,
  syntheticPartnerFunction,
];
