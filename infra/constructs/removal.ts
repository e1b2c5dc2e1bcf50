import { RemovalPolicy } from "aws-cdk-lib";
import type { Stage } from "../stages/stage.ts";

/**
 * What happens to a stage's logs, keys and secrets when they leave their stack. What is retained is not retained when its own
 * creation is rolled back: a fixed name that is left behind would make every later attempt fail with "already exists".
 */
export function removalPolicyOf(stage: Stage): RemovalPolicy {
  return stage.removalPolicy === "retain" ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}
