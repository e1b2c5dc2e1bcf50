/** The functions of the running host as AWS SAM runs them in containers. */
import { arch } from "node:os";
import type { RunnableFunction } from "./control.ts";

/** Variables with a secret value. SAM takes them from `env.json`, and the template has a placeholder. */
const keyVariables: ReadonlySet<string> = new Set(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]);

/** Variables that the runtime in SAM's container sets itself. */
const runtimeVariables = /^(_HANDLER|LAMBDA_|AWS_LAMBDA_|AWS_EXECUTION_ENV|PATH|TMPDIR|TZ|LANG)/;

/** A URL on 127.0.0.1 as a container reaches it. */
export type Reach = (url: string) => string;

export const withAddress =
  (address: string): Reach =>
  (url) => {
    const parsed = new URL(url);
    parsed.hostname = address;
    return parsed.href.replace(/\/$/, "");
  };

/** Whether a variable is a URL that the function itself calls. */
export function isReached(name: string): boolean {
  return name.startsWith("AWS_ENDPOINT_URL") || name === "IDP_JWKS_URI";
}

/** The variables that a container needs. */
function variablesOf({ environment }: RunnableFunction, reach: Reach): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => !runtimeVariables.test(name))
      .map(([name, value]) => [name, isReached(name) ? reach(value) : value]),
  );
}

/** All values are resolved, because SAM knows neither exports nor the host's endpoints. */
export function samTemplate(functions: readonly RunnableFunction[], reach: Reach): object {
  const resources = functions.map((found) => [
    found.logicalId,
    {
      Type: "AWS::Serverless::Function",
      Properties: {
        FunctionName: found.name,
        CodeUri: found.folder,
        Handler: found.handler,
        Runtime: "nodejs24.x",
        Architectures: [arch() === "arm64" ? "arm64" : "x86_64"],
        MemorySize: found.memoryMegabytes,
        Timeout: found.timeoutSeconds,
        Environment: {
          // SAM sets only declared variables. An undeclared key would be replaced by the shell's own AWS credentials.
          Variables: Object.fromEntries(
            Object.entries(variablesOf(found, reach)).map(([name, value]) => [
              name,
              keyVariables.has(name) ? "in-env-json" : value,
            ]),
          ),
        },
      },
    },
  ]);
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Transform: "AWS::Serverless-2016-10-31",
    Description: "Portico's functions against the running local host. Generated: npm run sam.",
    Resources: Object.fromEntries(resources),
  };
}

/** `env.json`: the variables of each function with their real values, by logical id. */
export function samEnvironment(
  functions: readonly RunnableFunction[],
  reach: Reach,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(functions.map((found) => [found.logicalId, variablesOf(found, reach)]));
}
