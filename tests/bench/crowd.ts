/**
 * Measures the redemptions of one coupon per second by the number of its pieces, under DynamoDB's limit on one item and its
 * conflicts. The limit is a fiftieth of the real one, so that the limit binds instead of this machine.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableClientOf } from "../../infra/local/services/table-contents.ts";
import { startHost, type Host } from "../../infra/local/host.ts";
import { itemLimits, type ItemLimitCounts } from "../faults/item-limits.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { maxPieces, type StoredCoupon } from "../../shared/coupons/model.ts";
import { redeemCoupon } from "../../shared/coupons/redeem-coupon.ts";
import { createCoupon, spread } from "../../shared/coupons/rules.ts";
import { couponCreation } from "../../shared/coupons/store.ts";
import { pauseBefore } from "../../shared/runtime/retry.ts";
import { ConcurrencyConflict } from "../../shared/domain/conflict.ts";
import { AwsJson, dynamoDb } from "../../shared/runtime/aws-json.ts";
import { Table } from "../../shared/runtime/table.ts";
import { createUser } from "../../shared/users/rules.ts";
import { userCreation } from "../../shared/users/store.ts";
import { row, table } from "./report.ts";

const limits = { transactionsPerSecond: 10, holdMs: 5, keyPrefix: "COUPON-PIECE#" } as const;
const pieceCounts = [1, 2, 4, 8, 16, maxPieces];
const secondsPerRun = 4;
const workers = 64;
/** The minimum growth of throughput when the pieces double, as long as the limit binds and not the machine. */
const minGrowth = 1.6;
const boundAbove = 120;

interface Run {
  readonly pieces: number;
  readonly perSecond: number;
  readonly refused: ItemLimitCounts;
}

/** @returns whether throughput grows with the pieces */
export async function benchCrowd(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    await synthesise(folder);
    const runs: Run[] = [];
    for (const pieces of pieceCounts) runs.push(await measure(folder, pieces));
    table(
      `Redemptions of one coupon, ${limits.transactionsPerSecond} a second for each item (DynamoDB: about 500)`,
      row("pieces", "a second", "conflicts", "throttled"),
      runs.map(({ pieces, perSecond, refused }) =>
        row(String(pieces), perSecond.toFixed(1), String(refused.conflicts), String(refused.throttles)),
      ),
    );
    return runs.every(({ perSecond }, index) => {
      const before = runs[index - 1];
      return before === undefined || before.perSecond > boundAbove || perSecond >= minGrowth * before.perSecond;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Redeems a coupon with this many pieces and an ample stock by many users at once. */
async function measure(assembly: string, pieces: number): Promise<Run> {
  const refused = { conflicts: 0, throttles: 0 };
  const host = await startHost({ assembly, interceptors: [itemLimits(limits, refused)] });
  const [redeemer, planter] = [redeemerOf(host), tableClientOf(host.engineEndpoint, host.model.region)];
  try {
    const open = (client: AwsJson) => new Table(client, host.model.tables[0]?.name ?? "", Date.now() + 60_000);
    const plant = open(planter);
    const coupon = await plantCoupon(plant, pieces);
    const end = performance.now() + secondsPerRun * 1000;
    let redeemed = 0;
    await Promise.all(
      Array.from({ length: workers }, async () => {
        while (performance.now() < end) {
          const user = createUser({ username: crypto.randomUUID(), name: "Ada", credit: 1 }, new Date());
          await plant.commit(userCreation(user, undefined));
          await redeemOnce(open(redeemer), coupon, user.id);
          if (performance.now() < end) redeemed++;
        }
      }),
    );
    return { pieces, perSecond: redeemed / secondsPerRun, refused };
  } finally {
    redeemer.destroy();
    planter.destroy();
    await host.close();
  }
}

async function plantCoupon(plant: Table, pieces: number): Promise<StoredCoupon> {
  const terms = { name: "Bench", value: 1, active: true, expiresAt: new Date("2099-01-01") };
  const quantity = 100_000;
  const coupon = { ...createCoupon({ ...terms, quantity }, new Date()), allotments: spread(quantity, pieces) };
  await plant.commit(couponCreation(coupon, crypto.randomUUID()));
  return coupon;
}

/** Does what the function does after the code is proved. */
async function redeemOnce(redeemer: Table, stored: StoredCoupon, userId: string): Promise<void> {
  const coupon = { ...stored, pieces: stored.allotments.length };
  for (let attempt = 1; ; attempt++) {
    try {
      const { change } = await redeemCoupon(redeemer, { coupon, userId, attempt, now: new Date() });
      await redeemer.commit(change);
      return;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
      await pauseBefore(attempt, Date.now() + 60_000, error);
    }
  }
}

/** A client with the rights of the redeeming function, through the proxy and its limits. */
function redeemerOf({ model, proxy }: Host): AwsJson {
  const redeem = model.functions.find(({ name }) => name.endsWith("-coupons-redeem"));
  const credentials = proxy.keyOf(redeem?.id ?? "");
  return new AwsJson(dynamoDb, { region: model.region, endpoint: proxy.url, credentials });
}
