/** What the contract promises of every operation, tested on one host: each process of a function serves all its tests. */
import type { AnyOperation } from "../../../../shared/contract/operation.ts";
import { operations } from "../../../../shared/operations.ts";
import { bodyCalls, hasJsonBody } from "../../../support/bodies.ts";
import type { Item } from "../../../../shared/runtime/table.ts";
import { Portico } from "../../../support/portico.ts";
import { pathOf, rightfulToken } from "../../../support/requests.ts";
import { contentsOf } from "../../../support/table.ts";
import { testAccess } from "./access.ts";
import { testBadInput } from "./bad-input.ts";
import { testMaximumSize, testMediaType } from "./body-limits.ts";
import { testRandomRequests } from "./random-requests.ts";
import { testReadOnly } from "./read-only.ts";

/** The areas of each test file; one file is left for all others. */
const files = {
  people: ["auth", "oauth", "privacy", "threads", "users"],
  sales: ["companies", "coupons", "subscriptions"],
} as const;

const areaOf = ({ id }: AnyOperation): string => id.split(".")[0]!;

/** Registers the tests of the operations of one file. */
export function testEveryOperation(file: keyof typeof files | "others"): void {
  const portico = Portico.alone();
  const calls = bodyCalls(portico);
  const taken: readonly string[] = file === "others" ? Object.values(files).flat() : files[file];
  const own = operations.filter((operation) => taken.includes(areaOf(operation)) !== (file === "others"));

  /** Refused bodies of every kind, which together change nothing. */
  function testBodies(operation: AnyOperation): void {
    let before: readonly Item[];
    beforeAll(async () => {
      before = await contentsOf(portico.host);
    });

    testMaximumSize(operation, calls);
    if (hasJsonBody(operation)) {
      testMediaType(operation, calls);
      testBadInput(operation, calls);
    }

    test("changes nothing in the table", async () => {
      expect(await contentsOf(portico.host)).toEqual(before);
    });
  }

  // The functions start at the same time, on all cores. The unknown parameter keeps them from doing anything.
  beforeAll(async () => {
    await Promise.all(
      own.map(async (operation) => {
        const token = rightfulToken(operation, calls.callers());
        await portico.call(operation.method, `${pathOf(operation)}?surprise=1`, {
          ...(token !== undefined && { token }),
        });
      }),
    );
  });

  describe.each(own.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s",
    (_title, operation) => {
      testAccess(operation, calls);
      if (operation.method === "GET") test("has no body", () => expect(operation.request.body).toBeUndefined());
      else describe("bad input", () => testBodies(operation));
      testReadOnly(operation, calls);
      testRandomRequests(operation, calls);
    },
  );

  test("bad input never causes an internal error", () => {
    expect(portico.logs.filter((line) => /"(internal_error|dependency_failed)"/.test(line))).toEqual([]);
  });
}
