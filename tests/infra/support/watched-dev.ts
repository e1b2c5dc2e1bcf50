/** The stage dev with addresses for its alarms. */
import dev from "../../../infra/stages/dev.ts";
import type { Stage } from "../../../infra/stages/stage.ts";

const watchedDev: Stage = {
  ...dev,
  operations: { ...dev.operations, alarms: { page: "+4915112345678", ticket: "operations@example.com" } },
};

export default watchedDev;
