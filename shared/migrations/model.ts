/** What a migration remembers between two runs. */

/** A range of a list, which one run after the other works through. It is also the checkpoint of this work. */
export interface Segment {
  readonly number: number;
  /** The range begins after this sort key; absent: with the first one. */
  readonly from?: string;
  /** The range ends with this sort key; absent: with the last one, so that it also has what is added during the migration. */
  readonly to?: string;
  /** The last entry that is done; absent: none. */
  readonly after?: string;
  /** Items that were read, and those of them that were changed. A run that is killed may not have counted its last page. */
  readonly read: number;
  readonly changed: number;
  readonly done: boolean;
  /** RFC 3339. */
  readonly updatedAt: string;
  /** Counts the changes, from 1. */
  readonly revision: number;
}

/** What bringing one entry of the list up to date has read and changed. */
export type Count = Pick<Segment, "read" | "changed">;
