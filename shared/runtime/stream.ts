/** The table's stream: what was written, as Lambda gets it. */
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Item } from "./table.ts";

/** A record of the stream, as far as functions need it. */
export interface StreamRecord {
  readonly dynamodb?: {
    /** In the form of DynamoDB's own protocol. */
    readonly NewImage?: unknown;
    readonly SequenceNumber?: string;
  };
}

/** The item after the write, with its keys; undefined for a deletion. */
export function writtenItem({ dynamodb }: StreamRecord): Item | undefined {
  const image = dynamodb?.NewImage as Parameters<typeof unmarshall>[0] | undefined;
  return image && unmarshall(image);
}
