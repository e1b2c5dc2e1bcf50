/** Production in which a URL and an address are still to be filled in. */
import exampleProduction from "../../../infra/checks/example-production.ts";
import { fillIn, type Stage } from "../../../infra/stages/stage.ts";

const unfilled: Stage = {
  ...exampleProduction,
  publicUrl: fillIn,
  operations: { ...exampleProduction.operations, alarms: { page: fillIn, ticket: "operations@portico.example" } },
};

export default unfilled;
