/** Rules for sandboxes and their test clocks. Pure: no AWS, no HTTP, and the time is an argument. */
import { invalid, notFound, Problem, revokedMeanwhile } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import type { StoredPartner } from "../partners/model.ts";
import { after } from "../subscriptions/period.ts";
import type { Advance } from "./model.ts";

/** A live partner with its new sandbox. The sandbox behaves as its live partner does, with the limits of the stage. */
export function startSandbox(
  live: StoredPartner,
  now: Date,
): { readonly live: StoredPartner; readonly sandbox: StoredPartner } | Problem {
  if (live.status !== "active") return revokedMeanwhile();
  if (live.sandboxId !== undefined) {
    const detail =
      "There is a sandbox, or a part of one: DELETE /v1/sandbox. A new secret of it: POST /v1/sandbox/secret.";
    return new Problem("sandbox_exists", detail);
  }
  const { name, websiteUrl, status, tokenPolicy, dpopBoundAccessTokens, expiryNotice } = live;
  const id = newId("ptr_", now);
  const at = now.toISOString();
  const settings = { name, websiteUrl, status, tokenPolicy, dpopBoundAccessTokens, expiryNotice };
  return {
    live: { ...live, sandboxId: id, updatedAt: at, revision: live.revision + 1 },
    sandbox: { id, ...settings, email: "", sandboxOf: live.id, createdAt: at, updatedAt: at, revision: 1 },
  };
}

/** A live partner after its sandbox has gone, with the id of that. */
export function endSandbox(
  { sandboxId, ...live }: StoredPartner,
  now: Date,
): { readonly live: StoredPartner; readonly sandboxId: string } | Problem {
  if (live.status !== "active") return revokedMeanwhile();
  if (sandboxId === undefined) return notFound();
  return { live: { ...live, updatedAt: now.toISOString(), revision: live.revision + 1 }, sandboxId };
}

/** One advance may not bring so many moments that nobody looks at them. */
const maxAdvance = { count: 2, unit: "Y" } as const;

/** The time that a request moves a clock to. The present time goes on with an advance that is not finished. */
export function advancedTime(
  time: Date,
  { to, by }: { readonly to?: Date | undefined; readonly by?: Advance | undefined },
): Date | Problem {
  const pointer = to === undefined ? "/by" : "/to";
  const target = to ?? by?.(time) ?? time;
  if (target < time) return refused(pointer, `must not be before the time of the test clock, ${time.toISOString()}`);
  if (target > after(time, maxAdvance)) return refused(pointer, "must move the test clock by at most two years");
  if (target.getUTCFullYear() > 9999) return refused(pointer, "must not move the test clock beyond the year 9999");
  return target;
}

function refused(pointer: string, detail: string): Problem {
  return invalid({ pointer, detail });
}
