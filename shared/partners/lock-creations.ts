/**
 * Keeps a partner's creations off before a suspension or deletion. It commits by itself, stripe by stripe: one transaction over
 * all stripes would lose against the creations of a busy partner again and again. Every step may be repeated.
 */
import { creationHolds, creationReleases, creationStops } from "../identity/creation-lock-store.ts";
import type { CreationLock } from "../identity/model.ts";
import type { Table, UpdateWrite } from "../runtime/table.ts";

/** Partners, such as one with its sandbox if it has one. */
type Partners = readonly ({ readonly id: string } | undefined)[];

/**
 * Closes the creation locks of partners for good: the suspension or deletion follows. Where it fails after all, creations wait
 * until the locks open by themselves.
 *
 * @throws Problem `unavailable`
 */
export async function stopCreations(table: Table, partners: Partners, now: Date): Promise<void> {
  await updateAll(table, partners, (id) => creationStops(id, now));
}

/** Closes the creation locks of partners until `releaseCreations`. @throws Problem `unavailable` */
export async function holdCreations(table: Table, partners: Partners, now: Date): Promise<void> {
  await updateAll(table, partners, (id) => creationHolds(id, now));
}

/** Opens what `holdCreations` has closed. @throws Problem `unavailable` */
export async function releaseCreations(table: Table, partners: Partners, now: Date): Promise<void> {
  await updateAll(table, partners, (id) => creationReleases(id, now));
}

async function updateAll(
  table: Table,
  partners: Partners,
  writesOf: (partnerId: string) => readonly UpdateWrite<CreationLock>[],
): Promise<void> {
  const writes = partners.flatMap((partner) => (partner === undefined ? [] : writesOf(partner.id)));
  await Promise.all(writes.map(async (write) => await table.update(write)));
}
