/** Reads the stream of a table from the engine, shard by shard. */
import { LocalHostError } from "../support/errors.ts";
import { EngineClient } from "./dynamodb-engine.ts";

/** A record as DynamoDB has it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Readonly<Record<string, unknown>>;
  };
}

/** Where a shard is read on: after a record, or at one of its ends. */
export type ShardPosition = { readonly after: string } | "TRIM_HORIZON" | "LATEST";

export interface ShardPage {
  readonly records: readonly StreamRecord[];
  /** Undefined when the shard has ended. */
  readonly next: string | undefined;
}

/** The engine's stream of a table; the template's ARN names the same stream. */
export class TableStream {
  readonly #client: EngineClient;
  readonly #tableName: string;
  #arn: string | undefined;

  constructor(endpoint: string, region: string, tableName: string) {
    this.#client = new EngineClient(endpoint, region);
    this.#tableName = tableName;
  }

  /** @throws LocalHostError when the engine gives the table no stream */
  async shards(): Promise<readonly string[]> {
    const answer = await this.#ask("DescribeStream", { StreamArn: await this.#streamArn() });
    const { Shards } = answer["StreamDescription"] as { readonly Shards: readonly { readonly ShardId: string }[] };
    return Shards.map(({ ShardId }) => ShardId);
  }

  async iterator(shardId: string, position: ShardPosition): Promise<string> {
    const place =
      typeof position === "string"
        ? { ShardIteratorType: position }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: position.after };
    const answer = await this.#ask("GetShardIterator", {
      StreamArn: await this.#streamArn(),
      ShardId: shardId,
      ...place,
    });
    return String(answer["ShardIterator"]);
  }

  async read(iterator: string): Promise<ShardPage> {
    const answer = await this.#ask("GetRecords", { ShardIterator: iterator });
    const next = answer["NextShardIterator"];
    return {
      records: answer["Records"] as readonly StreamRecord[],
      next: typeof next === "string" ? next : undefined,
    };
  }

  close(): void {
    this.#client.close();
  }

  async #streamArn(): Promise<string> {
    if (this.#arn !== undefined) return this.#arn;
    const described = await this.#client.call("DescribeTable", { TableName: this.#tableName });
    const { LatestStreamArn } = described?.["Table"] as { readonly LatestStreamArn?: string };
    if (LatestStreamArn === undefined) {
      throw new LocalHostError(`the engine gives table ${this.#tableName} no stream: use one that has streams`);
    }
    this.#arn = LatestStreamArn;
    return LatestStreamArn;
  }

  async #ask(action: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    return (await this.#client.call(action, body, undefined, "DynamoDBStreams")) ?? {};
  }
}
