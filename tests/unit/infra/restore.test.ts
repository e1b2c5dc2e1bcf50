/** What the restore tool prints and carries over, and what a deployment refuses. */
import { carriedItems, compareTables, describeLosses } from "../../../infra/restore/compare.ts";
import { restoredNameOf, restorePlan } from "../../../infra/restore/plan.ts";
import { missingProtection, type Protection } from "../../../infra/restore/tables.ts";
import { changesData, checkPromises } from "../../../infra/release/deploy-checks.ts";
import { checkRestoredTable } from "../../../infra/restore/check-restored-table.ts";
import exampleProduction from "../../../infra/checks/example-production.ts";
import type { Item } from "../../../shared/runtime/table.ts";

const principal = (id: string, more: Item): Item => ({ pk: `PRINCIPAL#${id}`, sk: "PRINCIPAL", ...more });
const partnerState = { kind: "partner", status: "active", version: 1, tokenPolicy: "single" };
const partner = { pk: "PARTNERS", sk: "ptr_1", status: "active", tokenPolicy: "single", revision: 4 };

describe("a comparison", () => {
  test("of equal tables finds nothing", () => {
    const items = [principal("ptr_1", partnerState), partner];
    expect(compareTables(items, items)).toEqual([]);
    expect(describeLosses([])).toEqual(["nothing was lost: both tables hold the same"]);
    expect(carriedItems(items, items)).toEqual([]);
  });

  test("prints ids, and neither names nor addresses nor hashes", () => {
    const credential = (secretHash: string): Item => ({ pk: "CREDENTIAL#ptr_1", sk: "CREDENTIAL", secretHash });
    const sale = (sk: string): Item => ({
      pk: "SUBSCRIPTION-HISTORY#ptr_1#ada@example.com",
      sk,
      id: "chg_1",
      type: "created",
      at: "2026-11-21T20:00:00.000Z",
    });
    const printed = describeLosses(compareTables([credential("hash-2"), sale("1")], [credential("hash-1")])).join("\n");
    expect(printed).toContain("  ptr_1");
    expect(printed).toContain("ptr_1: created at 2026-11-21T20:00:00.000Z (chg_1)");
    expect(printed).not.toMatch(/hash-|ada@/);
  });

  test("tells erased personal data, which is back, from other changes", () => {
    const entry = (sk: string, type: string): Item => ({
      pk: "SUBSCRIPTION-HISTORY#ptr_1#a",
      sk,
      type,
      at: "t",
      id: sk,
    });
    const losses = compareTables([entry("1", "created"), entry("2", "personal_data_erased")], []);
    expect(losses.map(({ title, lines }) => [title, lines])).toEqual([
      ["Personal data erased since, and back", ["ptr_1: personal_data_erased at t (2)"]],
      ["Subscription change lost", ["ptr_1: created at t (1)"]],
    ]);
  });

  test("finds lost and changed coupons", () => {
    const coupon = (sk: string, quantity: number): Item => ({ pk: "COUPONS", sk, quantity, active: true });
    const [loss] = compareTables([coupon("cpn_1", 5), coupon("cpn_2", 1)], [coupon("cpn_1", 9)]);
    expect(loss?.lines).toEqual(["cpn_2: created", "cpn_1: quantity"]);
  });
});

describe("what is carried over", () => {
  test("a suspension, with the profile that shows it", () => {
    const now = [principal("ptr_1", { ...partnerState, status: "suspended", version: 2 })];
    expect(carriedItems(now, [principal("ptr_1", partnerState), partner])).toEqual([
      ...now,
      { ...partner, status: "suspended", revision: 5 },
    ]);
  });

  test("a deletion becomes a suspension, whose tokens have ended", () => {
    expect(carriedItems([], [principal("ptr_1", partnerState), partner])).toEqual([
      principal("ptr_1", { ...partnerState, status: "suspended", version: 2 }),
      { ...partner, status: "suspended", revision: 5 },
    ]);
  });

  test("a coupon with lost redemptions becomes inactive, with all its pieces, and leaves the list of active ones", () => {
    const coupon = { pk: "COUPONS", sk: "cpn_1", gsi1pk: "COUPONS#ACTIVE", gsi1sk: "cpn_1", active: true, revision: 1 };
    const pieces = [0, 1].map((piece) => ({ pk: `COUPON-PIECE#cpn_1#${piece}`, sk: "COUPON-PIECE", active: true }));
    const other = { pk: "COUPON-PIECE#cpn_2#0", sk: "COUPON-PIECE", active: true };
    const redemption = { pk: "REDEMPTIONS#usr_1", sk: "1", id: "red_1", couponId: "cpn_1", value: 10 };
    const restored = [coupon, ...pieces, other];
    expect(carriedItems([...restored, redemption], restored)).toEqual([
      { pk: "COUPONS", sk: "cpn_1", active: false, revision: 2 },
      ...pieces.map((piece) => ({ ...piece, active: false })),
    ]);
  });

  test("a second factor that was enrolled or used since", () => {
    const factor = (used: number): Item => ({ pk: "SECOND-FACTOR#usr_1", sk: "SECOND-FACTOR", used });
    const state = principal("usr_1", { kind: "user", status: "active" });
    expect(carriedItems([state, factor(2)], [state, factor(1)])).toEqual([factor(2)]);
    expect(carriedItems([state, factor(2)], [state])).toEqual([factor(2)]);
  });
});

describe("the plan", () => {
  const facts = {
    stage: exampleProduction,
    table: "Portico-prod-Data-Table1",
    keyId: "key-1",
    to: new Date("2026-11-21T20:15:00.500Z"),
    now: new Date("2026-11-21T21:00:00.000Z"),
  };

  test("names table, moment, key and cut-off of the stage", () => {
    const text = restorePlan(facts).join("\n");
    expect(restoredNameOf(facts)).toBe("Portico-prod-20261121T201500Z");
    expect(text).toContain(
      "--source-table-name Portico-prod-Data-Table1 --target-table-name Portico-prod-20261121T201500Z --restore-date-time 2026-11-21T20:15:00Z",
    );
    expect(text).toContain("KMSMasterKeyId=key-1");
    expect(text).toContain('tokensFrom: "2026-11-21T21:00:00Z"');
    expect(text.indexOf("read-only -- on")).toBeLessThan(text.indexOf("restore-table-to-point-in-time"));
    expect(text.indexOf("--allow table-change")).toBeLessThan(text.indexOf("read-only -- off"));
  });

  test("takes the latest moment where none is named", () => {
    expect(restorePlan({ ...facts, to: undefined }).join("\n")).toContain("--use-latest-restorable-time");
  });
});

const ready: Protection = {
  ttl: true,
  pointInTimeRecovery: true,
  deletionProtection: true,
  keyArn: "arn:aws:kms:eu-central-1:123456789012:key/key-1",
  indexes: ["gsi1", "gsi2"],
  streamArn: "arn:aws:dynamodb:eu-central-1:123456789012:table/restored/stream/2026-11-21T21:00:00.000",
  status: "ACTIVE",
};

describe("a restored table", () => {
  const expected = { stage: exampleProduction, keyId: "key-1", indexNames: ["gsi1", "gsi2"] };

  test("is ready with everything that the stage protects", () => {
    expect(missingProtection(ready, expected)).toEqual([]);
  });

  test.each<[keyof Protection, Partial<Protection>, RegExp]>([
    ["ttl", { ttl: false }, /no item expires/],
    ["pointInTimeRecovery", { pointInTimeRecovery: false }, /recovery is off/],
    ["deletionProtection", { deletionProtection: false }, /deletion protection is off/],
    ["keyArn", { keyArn: undefined }, /key of the stage/],
    ["indexes", { indexes: [] }, /index gsi1 is missing/],
    ["streamArn", { streamArn: undefined }, /no stream of new items/],
    ["status", { status: "CREATING" }, /wait until/],
  ])("is refused at a deployment without its %s", async (_name, lack, reason) => {
    const tables = { protectionOf: async () => ({ ...ready, ...lack }) };
    const stage = { ...exampleProduction, restoredTable: "restored", tokensFrom: "2026-11-21T21:00:00Z" };
    await expect(checkRestoredTable(stage, tables, async () => "key-1")).rejects.toThrow(reason);
    await expect(checkRestoredTable(exampleProduction, tables, async () => "key-1")).resolves.toBeUndefined();
  });
});

describe("a deployment", () => {
  const template = (variables: Readonly<Record<string, unknown>>) => ({
    Resources: {
      F: {
        Type: "AWS::Lambda::Function",
        Properties: { Environment: { Variables: { PUBLIC_URL: "https://api.example.com", ...variables } } },
      },
    },
  });
  const own = template({ TABLE_NAME: { "Fn::ImportValue": "Data:Table" } });
  const restored = template({ TABLE_NAME: "restored", TOKENS_FROM: "1763760000" });
  const permission = { name: "prod", allowed: [] };

  test("changes the table only if asked, and back as well", () => {
    expect(() => checkPromises(own, restored, permission)).toThrow(/--allow table-change/);
    expect(() => checkPromises(own, restored, { name: "prod", allowed: ["table-change"] })).not.toThrow();
    expect(() => checkPromises(restored, restored, permission)).not.toThrow();
  });

  test.each([
    ["an earlier cut-off", { TABLE_NAME: "restored", TOKENS_FROM: "1763750000" }],
    ["no cut-off", { TABLE_NAME: "restored" }],
  ])("is refused with %s", (_what, variables) => {
    expect(() => checkPromises(restored, template(variables), permission)).toThrow(
      /cut-off of stage prod would go back/,
    );
  });

  test("of another table or cut-off has no canary", () => {
    expect(changesData(undefined, restored)).toBe(false);
    expect(changesData(own, own)).toBe(false);
    expect(changesData(own, restored)).toBe(true);
    expect(changesData(restored, template({ TABLE_NAME: "restored", TOKENS_FROM: "1763770000" }))).toBe(true);
  });
});
