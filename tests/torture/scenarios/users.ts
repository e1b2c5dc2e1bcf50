/** Sign-in. */
import assert from "node:assert/strict";
import { contentsOf } from "../../support/table.ts";
import type { Scenario } from "../kit.ts";
import { leavesLeases, times, verdictOf } from "./values.ts";

/** Few callers, because a name has few slots for sign-ins at once. */
const maxSignIns = 4;

export const signIn: Scenario = {
  name: "sign-in",
  invariant: "whoever has the right password gets in, and is not locked out by faults",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const json = world.portico.host.rootSignIn;
    const verdicts: string[] = [];
    return {
      callers: times(Math.min(maxSignIns, callers), () => async () => {
        verdicts.push(verdictOf(await world.persist("POST", "/v1/auth/login", { json })));
      }),
      verify: async () => {
        assert.ok(
          verdicts.every((verdict) => verdict === "200"),
          verdicts.join(", "),
        );
        const items = await contentsOf(world.portico.host);
        const attempts = items.filter(({ pk }) => String(pk).startsWith("ATTEMPTS#sign-in#"));
        // A call that gave up with 503 may leave its slot reserved for half a minute, but it never counts as a failure.
        assert.deepEqual(
          attempts.map(({ failures }) => failures),
          [[]],
        );
        assert.equal(verdictOf(await world.call("POST", "/v1/auth/login", { json })), "200");
      },
    };
  },
};
