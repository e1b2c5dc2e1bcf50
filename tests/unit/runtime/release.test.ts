import { fromStageVariable, releaseOf, toStageVariable } from "../../../shared/runtime/release.ts";

test("the name of a release survives the stage variable, whose values API Gateway limits", () => {
  for (const name of ["0.1.0", "0.1.0+ce54beb93da1", "0.1.0+ce54beb93da1.modified", "deployment:abc123"]) {
    // The characters that API Gateway allows.
    expect(toStageVariable(name)).toMatch(/^[A-Za-z0-9\-._~:/?#&=,]+$/);
    expect(fromStageVariable(toStageVariable(name))).toBe(name);
  }
});

test("an event without the stage variable belongs to an unknown release", () => {
  expect(releaseOf({ stageVariables: { release: "0.1.0~abc" } })).toBe("0.1.0+abc");
  for (const stageVariables of [null, undefined, {}]) expect(releaseOf({ stageVariables })).toBe("unknown");
});
