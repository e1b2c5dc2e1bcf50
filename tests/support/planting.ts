/** Reads and writes the table of a running host directly. Test files reach it by `outside.ts`. */
import { randomUUID } from "node:crypto";
import {
  tableClientOf,
  writeItem,
  contentsOf as everythingIn,
  type TableLocation,
} from "../../infra/local/services/table-contents.ts";
import type { Host } from "../../infra/local/host.ts";
import { newId } from "../../shared/domain/ids.ts";
import { issueAccessToken } from "../../shared/identity/access-tokens.ts";
import { identityKey } from "../../shared/identity/keys.ts";
import { Table, type Change, type Item } from "../../shared/runtime/table.ts";
import { present, updateIf } from "../../shared/runtime/writes.ts";
import type { StoredUser } from "../../shared/users/model.ts";
import { createUser } from "../../shared/users/rules.ts";
import { userCreation } from "../../shared/users/store.ts";
import { signingKeyOf } from "./forgery.ts";

/**
 * Counts: every call of a partner changes those of calls, also one that is refused and changes nothing else, and those of
 * subscriptions change some time after their events.
 */
const countingPartitions = /^(LIMITS|USAGE|SUBSCRIPTION-COUNTS|ATTEMPT-COUNTS)#/;

/** Every item of a running host's table or of one partition, but for counts. */
export async function contentsOf(host: TableLocation, partition?: string): Promise<Item[]> {
  const items = await everythingIn(host, partition);
  return items.filter(({ pk }) => !countingPartitions.test(String(pk)));
}

/** Writes an item directly into a running host's table: a state that takes time to reach otherwise. */
export async function plantItem({ engineEndpoint, model }: Host, item: Item): Promise<void> {
  const client = tableClientOf(engineEndpoint, model.region);
  await writeItem(client, model.tables[0]!.name, item);
  client.destroy();
}

/** Commits changes directly to a running host's table. */
export async function plantChanges({ engineEndpoint, model }: Host, changes: readonly Change[]): Promise<void> {
  const client = tableClientOf(engineEndpoint, model.region);
  const table = new Table(client, model.tables[0]!.name, Number.MAX_SAFE_INTEGER);
  for (const change of changes) await table.commit(change);
  client.destroy();
}

/** Makes the password of a user its own choice. */
export async function plantPasswordChoice(host: Host, userId: string): Promise<void> {
  const change = updateIf(identityKey.principal(userId), present, { expression: "REMOVE passwordIsOneTime" });
  await plantChanges(host, [[change]]);
}

/** New users without passwords. @param credit of each */
export async function plantUsers(host: Host, count: number, credit: number): Promise<readonly StoredUser[]> {
  const users = Array.from({ length: count }, () =>
    createUser({ username: `u-${randomUUID()}`, name: "Ada Lovelace", credit }, new Date()),
  );
  await plantChanges(
    host,
    users.map((user) => userCreation(user, undefined)),
  );
  return users;
}

export interface CrowdMember {
  readonly id: string;
  readonly username: string;
  readonly token: string;
}

/** New users without passwords, with access tokens that are signed here. @param credit of each */
export async function plantCrowd(host: Host, count: number, credit: number): Promise<readonly CrowdMember[]> {
  const key = signingKeyOf({ host });
  const users = await plantUsers(host, count, credit);
  return await Promise.all(
    users.map(async ({ id, username }) => {
      const principal = { kind: "user", id, role: "user", sessionId: newId("ses_", new Date()) } as const;
      const options = { issuer: host.url, lifetimeSeconds: 900, now: new Date() };
      const { token } = await issueAccessToken({ principal, clientId: "web", version: 1 }, key, options);
      return { id, username, token };
    }),
  );
}
