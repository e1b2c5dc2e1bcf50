import { RemovalPolicy } from "aws-cdk-lib";
import type { Stage } from "../stages/stage.ts";

/** CDK's word for what becomes of a stage's data and logs when their stack is deleted. */
export function removalPolicyOf(stage: Stage): RemovalPolicy {
  return stage.removalPolicy === "retain" ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
