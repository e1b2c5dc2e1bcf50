import dev from "../../../infra/stages/dev.ts";
import type { Stage } from "../../../infra/stages/stage.ts";

/** A stage without the synthetic partner. */
const unwatched: Stage = { ...dev, name: "unwatched", operations: { ...dev.operations, syntheticPartner: false } };

export default unwatched;
