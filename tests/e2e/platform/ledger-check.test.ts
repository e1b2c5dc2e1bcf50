/** The scheduled check of the ledger, with the rights of its role. */
import { couponKey } from "../../../shared/coupons/keys.ts";
import { ledgerKey } from "../../../shared/ledger/keys.ts";
import { userKey } from "../../../shared/users/keys.ts";
import { couponCalls } from "../../support/coupons.ts";
import { Portico } from "../../support/portico.ts";
import { plantChanges } from "../../support/table.ts";

const portico = Portico.alone();
const { newCoupon, person, redeem } = couponCalls(portico);
const run = async () => await portico.host.runSchedule("Portico-local-ledger-check");
const logged = (code: string) => portico.logs.filter((line) => line.includes(`"code":"${code}"`));

test("it checks everything that calls have made, and logs a difference by ids alone", async () => {
  const member = await person(50);
  const { code } = await newCoupon({ value: 7 });
  expect((await redeem(member.token, code)).status).toBe(201);
  const other = await person(10);
  await plantChanges(portico.host, [
    [{ update: userKey.user(other.id), set: { expression: "SET credit = credit + :one", values: { ":one": 1 } } }],
  ]);
  expect(await run()).not.toHaveProperty("failure");
  expect(logged("ledger_checked")).toHaveLength(1);
  expect(logged("ledger_differs").map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ targetId: other.id, reason: "the movements lead to 10, the credit is 11", failures: 1 }),
  ]);
});

test("a stock that differs is counted again by the next run, and then logged", async () => {
  const { id } = await newCoupon();
  await plantChanges(portico.host, [
    [
      {
        update: couponKey.couponPiece(id, 0),
        set: { expression: "SET redeemed = redeemed + :one", values: { ":one": 1 } },
      },
      { delete: ledgerKey.checkpoint() },
    ],
  ]);
  portico.logs.length = 0;
  const targets = () => logged("ledger_differs").map((line) => JSON.parse(line).targetId);
  await run();
  expect(targets()).not.toContain(id);
  await run();
  expect(targets()).toContain(id);
});
