import { RemovalPolicy } from "aws-cdk-lib";
import type { Stage } from "../stages/stage.ts";

/**
 * The removal policy of a stage's logs, keys and secrets. A retained resource is still deleted when its own creation
 * is rolled back. Otherwise its fixed name would make every later attempt fail with "already exists".
 */
export function removalPolicyOf(stage: Stage): RemovalPolicy {
  return stage.removalPolicy === "retain" ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}
