/** A creation that fails must not stand in the way of the next attempt. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Assembly, Resource, Template } from "../../infra/checks/assembly.ts";
import { exampleProduction, suiteAssembly, synthesized } from "./support/templates.ts";

/** Properties with which a template gives a resource its own name; a second resource of that name cannot be created. */
const nameProperties = [
  "AlarmName",
  "DashboardName",
  "DomainName",
  "FunctionName",
  "LogGroupName",
  "ManagedPolicyName",
  "Name",
  "RoleName",
  "TableName",
  "TopicName",
];

/** Names of resources that are retained even when their creation is rolled back. */
function blockingNames({ Resources }: Template): readonly string[] {
  const named = ({ Properties = {} }: Resource): readonly string[] =>
    nameProperties.filter((property) => property in Properties);
  return Object.entries(Resources)
    .filter(([, resource]) => resource.DeletionPolicy === "Retain" && named(resource).length > 0)
    .map(([id, resource]) => `${id} (${named(resource).join(", ")})`);
}

let prod: Assembly;
let terminationProtected: unknown[];

beforeAll(async () => {
  prod = await synthesized(exampleProduction, {
    validate: false,
    inspect: async (outDir) => {
      const manifest = JSON.parse(await readFile(join(outDir, "manifest.json"), "utf8"));
      terminationProtected = Object.values<any>(manifest.artifacts)
        .filter(({ type }) => type === "aws:cloudformation:stack")
        .map(({ properties }) => properties.terminationProtection);
    },
  });
}, 60_000);

test.each(["Data", "Api", "Operations"])(
  "production's stack %s leaves no name behind that blocks a new one",
  (stack) => {
    expect(blockingNames(prod.templates[`Portico-prod-${stack}`]!)).toEqual([]);
  },
);

test("the local stage leaves no named resource behind", async () => {
  const { templates } = await suiteAssembly();
  expect(Object.values(templates).flatMap(blockingNames)).toEqual([]);
});

test("the check finds a retained log group with a name", () => {
  const logGroup = { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: "/x" }, DeletionPolicy: "Retain" };
  expect(blockingNames({ Resources: { Logs: logGroup } })).toEqual(["Logs (LogGroupName)"]);
});

test("production retains its named log groups and secrets after their creation", () => {
  const kept = Object.values(prod.templates)
    .flatMap(({ Resources }) => Object.values(Resources))
    .filter(({ Type }) => Type === "AWS::Logs::LogGroup" || Type === "AWS::SecretsManager::Secret")
    // It has callers' addresses, so it goes with its stack.
    .filter(({ Properties }) => !String(Properties?.LogGroupName).startsWith("aws-waf-logs-"));
  expect(kept.length).toBeGreaterThan(60);
  for (const { DeletionPolicy, UpdateReplacePolicy } of kept) {
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(["RetainExceptOnCreate", "Retain"]);
  }
});

test("every stack of production is protected against deletion", () => {
  expect(terminationProtected).toEqual([true, true, true]);
});
