/** The environment variables of a function's process. */
import { randomUUID } from "node:crypto";
import type { AccessKey } from "../services/service-proxy.ts";
import type { FunctionModel } from "../template/deployment-model.ts";

export interface FunctionSurroundings {
  readonly region: string;
  /** Base URL that answers for every AWS service. */
  readonly serviceEndpoint: string;
  /** The key with which the function signs its calls. */
  readonly key: AccessKey;
  /** The one folder that the function can write to, as `/tmp` on Lambda. */
  readonly temporaryFolder: string;
}

/** The variables of the template and of Lambda's runtime, with local endpoints. Nothing of the host's own environment. */
export function functionEnvironment(
  model: FunctionModel,
  { region, serviceEndpoint, key, temporaryFolder }: FunctionSurroundings,
): Readonly<Record<string, string>> {
  return {
    ...localUrls(model.environment, serviceEndpoint),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_SESSION_TOKEN: key.sessionToken,
    AWS_LAMBDA_FUNCTION_NAME: model.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(model.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_FORMAT: model.logging.format,
    ...(model.logging.level !== undefined && { AWS_LAMBDA_LOG_LEVEL: model.logging.level }),
    AWS_LAMBDA_LOG_GROUP_NAME: model.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${randomUUID().replaceAll("-", "")}`,
    // The first one covers services that no function uses today: nothing may reach AWS.
    AWS_ENDPOINT_URL: serviceEndpoint,
    AWS_ENDPOINT_URL_DYNAMODB: serviceEndpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: serviceEndpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: serviceEndpoint,
    AWS_ENDPOINT_URL_SQS: serviceEndpoint,
    _HANDLER: model.handler,
    LAMBDA_TASK_ROOT: model.folder,
    LAMBDA_RUNTIME_DIR: "/var/runtime",
    LANG: "en_US.UTF-8",
    PATH: "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    TMPDIR: temporaryFolder,
    TZ: ":UTC",
  };
}

/** The SDK sends a message to the host that the URL of its queue names. */
function localUrls(
  variables: Readonly<Record<string, string>>,
  serviceEndpoint: string,
): Readonly<Record<string, string>> {
  const local = (value: string): string =>
    value.replace(/^https:\/\/sqs\.[a-z0-9-]+\.amazonaws\.com(?=\/)/, serviceEndpoint);
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, local(value)]));
}
