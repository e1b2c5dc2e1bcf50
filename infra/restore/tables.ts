/** What a restore asks of DynamoDB: a table's protection, its items, and the items that are carried over. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { Item } from "../../shared/runtime/table.ts";
import { ReleaseError } from "../release/cloud.ts";
import type { Stage } from "../stages/stage.ts";

/** What the stack sets on its own table and a restore does not bring back. */
export interface Protection {
  readonly ttl: boolean;
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
  /** ARN of the key; undefined for a key of AWS's. */
  readonly keyArn: string | undefined;
  readonly indexes: readonly string[];
  /** ARN of the stream of new items; undefined when there is none. */
  readonly streamArn: string | undefined;
  readonly status: string;
}

const ttlAttribute = "ttl";
const streamView = "NEW_IMAGE";

/** The tables of one account and Region. */
export class RestoreTables {
  readonly #client: DynamoDBClient;
  readonly #documents: DynamoDBDocumentClient;

  constructor(client: DynamoDBClient = new DynamoDBClient()) {
    this.#client = client;
    this.#documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  }

  /** @throws ReleaseError when there is no such table */
  async protectionOf(name: string): Promise<Protection> {
    const { Table: table } = await this.#client
      .send(new DescribeTableCommand({ TableName: name }))
      .catch(noTable(name));
    const [{ TimeToLiveDescription: ttl }, { ContinuousBackupsDescription: backups }] = await Promise.all([
      this.#client.send(new DescribeTimeToLiveCommand({ TableName: name })),
      this.#client.send(new DescribeContinuousBackupsCommand({ TableName: name })),
    ]);
    return {
      ttl: ttl?.AttributeName === ttlAttribute && (ttl.TimeToLiveStatus ?? "").startsWith("ENABL"),
      pointInTimeRecovery: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === "ENABLED",
      deletionProtection: table?.DeletionProtectionEnabled === true,
      keyArn: table?.SSEDescription?.KMSMasterKeyArn,
      indexes: (table?.GlobalSecondaryIndexes ?? []).map(({ IndexName = "" }) => IndexName),
      streamArn: table?.StreamSpecification?.StreamViewType === streamView ? table.LatestStreamArn : undefined,
      status: table?.TableStatus ?? "",
    };
  }

  /** Sets what a restore leaves out: the stream, expiry of items, recovery, protection and tags. Repeatable. */
  async protect(name: string, stage: Stage): Promise<void> {
    const { ttl, pointInTimeRecovery, deletionProtection, streamArn } = await this.protectionOf(name);
    if (streamArn === undefined) {
      const StreamSpecification = { StreamEnabled: true, StreamViewType: streamView } as const;
      await this.#client.send(new UpdateTableCommand({ TableName: name, StreamSpecification }));
      await this.#untilActive(name);
    }
    if (!ttl) {
      const TimeToLiveSpecification = { Enabled: true, AttributeName: ttlAttribute };
      await this.#client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
    }
    if (stage.pointInTimeRecovery && !pointInTimeRecovery) {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      await this.#client.send(
        new UpdateContinuousBackupsCommand({ TableName: name, PointInTimeRecoverySpecification }),
      );
    }
    if (stage.deletionProtection && !deletionProtection) {
      await this.#client.send(new UpdateTableCommand({ TableName: name, DeletionProtectionEnabled: true }));
    }
    const { Table: table } = await this.#client.send(new DescribeTableCommand({ TableName: name }));
    const Tags = [
      { Key: "application", Value: "portico" },
      { Key: "stage", Value: stage.name },
    ];
    await this.#client.send(new TagResourceCommand({ ResourceArn: table?.TableArn, Tags }));
  }

  /** DynamoDB takes one change of a table at a time. */
  async #untilActive(name: string): Promise<void> {
    while ((await this.protectionOf(name)).status === "UPDATING") await sleep(1000);
  }

  /** Every item of a table. Costs half a read unit for each 4 KB. */
  async items(name: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const page = await this.#documents
        .send(new ScanCommand({ TableName: name, ...(start && { ExclusiveStartKey: start }) }))
        .catch(noTable(name));
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return items;
  }

  /** Writes items into a table that nothing else uses yet. */
  async put(name: string, items: readonly Item[]): Promise<void> {
    for (const item of items) await this.#documents.send(new PutCommand({ TableName: name, Item: item }));
  }
}

function noTable(name: string) {
  return (error: unknown): never => {
    if (error instanceof Error && error.name === "ResourceNotFoundException") {
      throw new ReleaseError(`there is no table ${name} in this account and Region`);
    }
    throw error;
  };
}

/** What a restored table lacks before a stage may use it, one line each. */
export function missingProtection(
  found: Protection,
  {
    stage,
    keyId,
    indexNames,
  }: { readonly stage: Stage; readonly keyId: string; readonly indexNames: readonly string[] },
): readonly string[] {
  return [
    found.status !== "ACTIVE" && `its status is ${found.status}: wait until it is ACTIVE`,
    ...indexNames.map(
      (indexName) =>
        !found.indexes.includes(indexName) && `the index ${indexName} is missing: restore it with its indexes`,
    ),
    found.streamArn === undefined && "it has no stream of new items: run prepare",
    !found.ttl && "no item expires: run prepare",
    stage.pointInTimeRecovery && !found.pointInTimeRecovery && "point-in-time recovery is off: run prepare",
    stage.deletionProtection && !found.deletionProtection && "deletion protection is off: run prepare",
    found.keyArn?.endsWith(keyId) !== true && "it is not encrypted with the key of the stage: restore it with that key",
  ].filter((line) => line !== false);
}
