/** What the workflow on GitHub may do in the account of a stage. */
import { synthesize, type Assembly } from "../../infra/checks/assembly.ts";
import { findingsOf } from "../../infra/checks/report.ts";
import {
  exampleProduction,
  list,
  resourcesOf,
  statementsOf,
  synthesized,
  templateOf,
  text,
} from "./support/templates.ts";

let assembly: Assembly;

beforeAll(async () => {
  assembly = await synthesized(exampleProduction, { program: "infra/pipeline.ts", validate: false });
}, 60_000);

const role = () => resourcesOf(templateOf(assembly, "Pipeline"), "AWS::IAM::Role")[0]![1];

test("only a job of the repository's environment can assume the role, with GitHub's token", () => {
  expect(role().Properties.AssumeRolePolicyDocument.Statement).toMatchObject([
    {
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
          "token.actions.githubusercontent.com:sub": "repo:portico-example/portico:environment:prod",
        },
      },
    },
  ]);
  expect(resourcesOf(templateOf(assembly, "Pipeline"), "AWS::IAM::User")).toEqual([]);
});

test("the role's rights are limited to the stage wherever IAM allows it", () => {
  const anyResource = statementsOf(role()).filter(({ Resource }) => list(Resource).includes("*"));
  expect(anyResource.flatMap(({ Action }) => list(Action))).toEqual([
    "cloudwatch:DescribeAlarms",
    "lambda:ListFunctions",
  ]);
  const portico = statementsOf(role())
    .flatMap(({ Resource }) => list(Resource).map(text))
    .filter((resource) => resource.includes("Portico-"));
  expect(portico.filter((resource) => !resource.includes("Portico-prod-"))).toEqual([]);
});

test("the role may delete versions of functions, but no function", () => {
  const [statement] = statementsOf(role()).filter(({ Action }) => list(Action).includes("lambda:DeleteFunction"));
  for (const resource of list(statement!.Resource).map(text)) expect(resource).toMatch(/:function:Portico-prod-\*:\*$/);
});

test("the role may not read secrets or items, and may not change rights", () => {
  const actions = statementsOf(role()).flatMap(({ Action }) => list(Action).map(String));
  expect(actions.filter((action) => /^(secretsmanager|dynamodb|iam|kms):/.test(action))).toEqual([]);
});

test("every finding of cdk-nag is acknowledged with a reason", () => {
  expect(findingsOf(assembly.report)).toEqual([]);
});

test("a stage without a repository is refused in one line", async () => {
  const { exitCode, errors } = await synthesize("/nonexistent", { stage: "dev" }, { program: "infra/pipeline.ts" });
  expect(exitCode).toBe(1);
  expect(errors.trim()).toBe("portico: stage dev: set repository in infra/stages/dev.ts");
});
