/** Names that are known before deployment. The operations stack and saved queries use them to refer to resources. */
import type { Stage } from "../stages/stage.ts";

/** The queue of webhook deliveries, and those of what fails too often: deliveries, and records of the table's stream. */
export type QueueId = "deliveries" | "deliveries-failed" | "dispatches-failed" | "counts-failed";

/** Lambda's limit, in characters. */
const functionNameLimit = 64;

/**
 * `partners.register` in `prod` → `Portico-prod-partners-register`.
 *
 * @throws Error when Lambda would refuse the name as too long
 */
export function functionNameOf(stage: Stage, id: string): string {
  const name = `${apiNameOf(stage)}-${id.replaceAll(".", "-")}`;
  if (name.length > functionNameLimit) {
    throw new Error(`${id}: the function's name ${name} is longer than ${functionNameLimit} characters`);
  }
  return name;
}

/** `deliveries` in `prod` → `Portico-prod-deliveries`. */
export function queueNameOf(stage: Stage, id: QueueId): string {
  return `${apiNameOf(stage)}-${id}`;
}

/** `partners.register` in `prod` → `/portico/prod/partners.register`. */
export function logGroupNameOf(stage: Stage, id: string): string {
  return `${logGroupPrefixOf(stage)}${id}`;
}

/** Prefix of the names of the stage's log groups. */
export function logGroupPrefixOf(stage: Stage): string {
  return `/portico/${stage.name}/`;
}

/** Name of the log group of the firewall. AWS WAF requires this prefix. */
export function firewallLogName(apiName: string): string {
  return `aws-waf-logs-${apiName}`;
}

/** Name of the REST API, which is a dimension of API Gateway's metrics. */
export function apiNameOf(stage: Stage): string {
  return `Portico-${stage.name}`;
}

/** Parameter of the API stack that names the deployment which stays live. */
export const liveDeploymentParameter = "LiveDeployment";

/** Parameter of the API stack with the name of the release that stays live, as a stage variable has it. */
export const liveReleaseParameter = "LiveRelease";

/** Tells the function versions that a release has published from those of other people. */
export const versionDescription = "Published by a release of Portico";

/** Output of the API stack with the id of the REST API. */
export const apiIdOutput = "ApiId";
