/**
 * Synthesises the data and API stacks with 115 operations: the declared ones and copies under other ids and paths, all with
 * one and the same bundle, which must have been built. Run like `infra/app.ts`; context `cors=true` adds an allowed origin.
 */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { ApiStack } from "../../../infra/stacks/api-stack.ts";
import { bundleFolder } from "../../../infra/build/bundle.ts";
import { cdkContext } from "../../../infra/stages/cdk-context.ts";
import { DataStack } from "../../../infra/stacks/data-stack.ts";
import { authorizerFunction } from "../../../infra/constructs/function-declarations.ts";
import prod from "../../../infra/checks/example-production.ts";
import type { Stage } from "../../../infra/stages/stage.ts";
import { operation, type AnyOperation, type Method } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";

const wanted = 115;

/** Five operations on two paths, like those of companies. */
const shapes: readonly { readonly verb: string; readonly method: Method; readonly path: string }[] = [
  { verb: "create", method: "POST", path: "" },
  { verb: "list", method: "GET", path: "" },
  { verb: "read", method: "GET", path: "/{copyId}" },
  { verb: "change", method: "PATCH", path: "/{copyId}" },
  { verb: "remove", method: "DELETE", path: "/{copyId}" },
];

function copy(index: number): AnyOperation {
  const area = `copies${Math.floor(index / shapes.length)}`;
  const shape = shapes[index % shapes.length]!;
  return operation({
    id: `${area}.${shape.verb}`,
    method: shape.method,
    path: `/v1/${area}${shape.path}`,
    tag: "Copies",
    summary: "A copy",
    description: "Stands for an operation to come.",
    access: { partner: {} },
    request: {},
    success: { status: 204, description: "Done" },
    problems: [],
    table: [
      { actions: ["Query"], leadingKeys: ["COPIES#*"], index: "gsi1" },
      { actions: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"], leadingKeys: ["COPIES#*"] },
    ],
    secrets: ["cursorKey"],
  });
}

const app = new App({ autoSynth: false, analyticsReporting: false, treeMetadata: false, postCliContext: cdkContext });
const stage: Stage = {
  ...prod,
  ...(app.node.tryGetContext("cors") === "true" && { corsOrigins: ["https://console.example.com"] }),
};
const common = { stage };
const data = new DataStack(app, "Full-Data", common);
new ApiStack(app, "Full-Api", {
  ...common,
  data,
  operations: [...operations, ...Array.from({ length: wanted }, (_, index) => copy(index))].slice(0, wanted),
  release: { name: "0.0.0" },
  bundleOf: () => bundleFolder(authorizerFunction.id),
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
