import * as z from "zod";
import { operation } from "../../../shared/contract/operation.ts";
import { loggedPointers } from "../../../shared/http/logged-pointers.ts";

const account = z.strictObject({ bankCode: z.string(), agency: z.string().optional() });
const declared = operation({
  id: "things.create",
  method: "POST",
  path: "/v1/things",
  tag: "Things",
  summary: "Create a thing",
  description: "Creates a thing.",
  access: "public",
  request: {
    query: z.strictObject({ limit: z.coerce.number().default(20) }),
    body: z.union([z.strictObject({ accounts: z.array(account).nullable() }), z.strictObject({ other: z.string() })]),
  },
  success: { status: 204, description: "Created" },
  problems: [],
  table: [],
});
const logged = (...pointers: string[]) =>
  loggedPointers(
    declared,
    pointers.map((pointer) => ({ pointer, detail: "is wrong" })),
  );

test.each(["/limit", "/accounts", "/accounts/3/bankCode", "/accounts/12/agency", "/other", "/Idempotency-Key", ""])(
  "%j names what the operation declares",
  (pointer) => {
    expect(logged(pointer)).toEqual([pointer]);
  },
);

test.each([
  ["/to-be-searched-for", "/*"],
  ["/accounts/0/ada@example.com", "/accounts/0/*"],
  ["/12345", "/*"],
  ["/__proto__", "/*"],
  ["/accounts/0/a~1b", "/accounts/0/*"],
])("%j has a name that the caller chose", (pointer, expected) => {
  expect(logged(pointer)).toEqual([expected]);
});

test("names each field once, and at most ten", () => {
  expect(logged("/x", "/y", "/limit")).toEqual(["/*", "/limit"]);
  expect(logged(...Array.from({ length: 30 }, (_, index) => `/accounts/${index}/bankCode`))).toHaveLength(10);
});
