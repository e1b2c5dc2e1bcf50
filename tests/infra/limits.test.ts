import type { Assembly } from "../../infra/checks/assembly.ts";
import { findingsOf, resourceLimit } from "../../infra/checks/report.ts";
import { systemFunctions } from "../../infra/constructs/function-declarations.ts";
import { propertiesOf, resourcesOf, statementsOf, synthesized, templateOf, text } from "./support/templates.ts";

/** IAM's limit for all inline policies of a role together, in characters without white space. */
const inlinePolicyLimit = 10_240;

describe("an API with 115 operations and CORS", () => {
  let assembly: Assembly;

  beforeAll(async () => {
    assembly = await synthesized({ cors: "true" }, { program: "tests/infra/support/full-api.ts", validate: false });
  }, 120_000);

  test("has a function and a method for each", () => {
    const methods = propertiesOf(templateOf(assembly, "Api"), "AWS::ApiGateway::Method");
    expect(methods.filter(({ HttpMethod }) => HttpMethod !== "OPTIONS")).toHaveLength(115);
    expect(propertiesOf(templateOf(assembly, "Api"), "AWS::Lambda::Function")).toHaveLength(
      115 + systemFunctions.length,
    );
  });

  test("has fewer resources than the limit in each stack", () => {
    for (const count of Object.values(assembly.resourceCounts)) expect(count).toBeLessThan(resourceLimit);
  });

  test("needs no permission per function: a role within IAM's size limit invokes the functions of an area", () => {
    const template = templateOf(assembly, "Api");
    const permitted = propertiesOf(template, "AWS::Lambda::Permission").map(({ Principal }) => Principal);
    expect(permitted).toEqual(["secretsmanager.amazonaws.com"]);
    const roles = resourcesOf(template, "AWS::IAM::Role").filter(([id]) => id.includes("InvokeRole"));
    const invoked = roles
      .flatMap(([, role]) => statementsOf(role))
      .flatMap(({ Resource }) => [Resource].flat().map(text));
    expect(new Set(invoked).size).toBe(115 + 1);
    for (const [, role] of roles) {
      const deployed = JSON.stringify(role.Properties.Policies, (_key, value: unknown) =>
        value !== null && typeof value === "object" && "Fn::Join" in value
          ? text(value).replace("<AWS::Partition>", "aws-us-gov")
          : value,
      );
      expect(deployed.length).toBeLessThan(inlinePolicyLimit);
    }
  });

  test("has no finding without an acknowledged reason", () => {
    expect(findingsOf(assembly.report)).toEqual([]);
  });
});
