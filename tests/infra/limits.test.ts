import type { Assembly } from "../../infra/checks/assembly.ts";
import { findingsOf, resourceLimit } from "../../infra/checks/report.ts";
import { systemFunctions } from "../../infra/constructs/function-declarations.ts";
import { propertiesOf, resourcesOf, statementsOf, synthesized, templateOf, text } from "./support/templates.ts";

/** IAM's limit for all inline policies of a role together, in characters without white space. */
const inlinePolicyLimit = 10_240;

describe("an API with 96 operations and CORS", () => {
  let assembly: Assembly;

  beforeAll(async () => {
    assembly = await synthesized({ cors: "true" }, { program: "tests/infra/support/full-api.ts", validate: false });
  }, 120_000);

  test("has a function and a method for each", () => {
    const methods = propertiesOf(templateOf(assembly, "Api"), "AWS::ApiGateway::Method");
    expect(methods.filter(({ HttpMethod }) => HttpMethod !== "OPTIONS")).toHaveLength(96);
    expect(propertiesOf(templateOf(assembly, "Api"), "AWS::Lambda::Function")).toHaveLength(
      96 + systemFunctions.length,
    );
  });

  test("has fewer resources than the limit in each stack", () => {
    for (const count of Object.values(assembly.resourceCounts)) expect(count).toBeLessThan(resourceLimit);
  });

  test("needs no permission per function: one role within IAM's size limit invokes all functions", () => {
    const template = templateOf(assembly, "Api");
    const permitted = propertiesOf(template, "AWS::Lambda::Permission").map(({ Principal }) => Principal);
    expect(permitted).toEqual(["secretsmanager.amazonaws.com"]);
    const functions = new Map(
      resourcesOf(template, "AWS::Lambda::Function").map(([id, { Properties }]) => [
        `<${id}.Arn>`,
        `arn:aws-us-gov:lambda:ap-northeast-1:123456789012:function:${Properties.FunctionName}`,
      ]),
    );
    const [, role] = resourcesOf(template, "AWS::IAM::Role").find(([id]) => id.includes("InvokeRole"))!;
    const deployed = JSON.stringify(role.Properties.Policies, (_key, value: unknown) =>
      value !== null && typeof value === "object" && "Fn::Join" in value
        ? text(value).replace(/<[^>]+>/, (reference) => functions.get(reference)!)
        : value,
    );
    expect(statementsOf(role)).toHaveLength(1);
    expect(deployed.length).toBeLessThan(inlinePolicyLimit);
  });

  test("has no finding without an acknowledged reason", () => {
    expect(findingsOf(assembly.report)).toEqual([]);
  });
});
