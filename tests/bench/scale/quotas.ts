/**
 * The limits of AWS that the simulation holds calls against, with the page that states each, and what it assumes where AWS states
 * nothing. AWS may raise a quota; it does not raise the limits of one partition.
 */

/**
 * The most that one partition of a table or of an index takes in a second.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
export const partitionLimits = { write: 1000, read: 3000 } as const;

/**
 * What a new on-demand table takes at once; each partition has its share.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 */
export const initialPartitions = 4;

/**
 * Default quota of request units a second for one table, also for each of its indexes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
 */
export const tableQuota = { write: 40_000, read: 40_000 } as const;

/**
 * Default quota of an account in a Region. A burst of 5,000 is allowed on top.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */
export const gatewayQuota = { requestsPerSecond: 10_000, burst: 5_000 } as const;

/**
 * Default quota of an account in a Region: invocations at once, and ten times as many a second. A function gets at most 1,000 new
 * execution environments in ten seconds.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 * https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
 */
export const lambdaQuota = { concurrency: 1000, requestsPerEnvironment: 10, environmentsPerTenSeconds: 1000 } as const;

/** A transaction prepares and commits each item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html */
export const transactionFactor = 2;

/** What AWS does not promise: typical durations in milliseconds. */
export const durations = {
  read: 4,
  write: 6,
  transaction: 14,
  /** How long a transaction keeps others from its items, from the prepared item to the committed one. */
  hold: 5,
  /** Computing time of the authorizer and of an operation. */
  authorizer: 4,
  operation: 8,
} as const;

/** How long a partition is hot before DynamoDB has split it, in seconds: minutes, AWS says no more. */
export const splitSeconds = 300;

/** A partition above this share of its limit is split. */
export const splitAbove = 0.8;
