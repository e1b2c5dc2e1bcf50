/** The function `migration` of a stage, through the SDK. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { MigrationAnswer } from "../../shared/migrations/contract.ts";
import { migrationFunction } from "../constructs/function-declarations.ts";
import { functionNameOf } from "../constructs/names.ts";
import { ReleaseError } from "../release/cloud.ts";
import type { Stage } from "../stages/stage.ts";
import type { Invoke } from "./migrations.ts";

export function invokerOf(stage: Stage): Invoke {
  const client = new LambdaClient();
  const name = functionNameOf(stage, migrationFunction.id);
  return async (event) => {
    const request = new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)) });
    const { FunctionError: failure, Payload: payload } = await client.send(request).catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "ResourceNotFoundException") throw error;
      throw new ReleaseError(`there is no function ${name}: deploy the stage ${stage.name} first`);
    });
    if (failure !== undefined) throw new ReleaseError(`${name} failed: its log has the reason. Run the command again`);
    return JSON.parse(Buffer.from(payload ?? []).toString()) as MigrationAnswer;
  };
}
