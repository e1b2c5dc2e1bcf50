/** Runs custom resources as CloudFormation does: invokes the function and awaits its PUT to the response URL. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { LocalHostError } from "../support/errors.ts";
import type { Invocation } from "./function-pool.ts";
import { closeServer, readBody, startServer } from "../support/loopback-http.ts";
import { isObject, type JsonObject } from "../template/template-reader.ts";
import type { CustomResourceModel } from "../template/read-deployment.ts";

/** Longer than any function may run. */
const answerDeadlineMilliseconds = 120_000;

/** What CloudFormation remembers of a custom resource: its physical id and the properties that it was last given. */
interface Remembered {
  readonly physicalId: string;
  readonly properties: JsonObject;
}

/** Which custom resources have been created, by logical id; in a file, or in memory. */
export class CustomResourceMemory {
  readonly #file: string | undefined;
  #entries: Record<string, Remembered>;

  constructor(file?: string) {
    this.#file = file;
    this.#entries =
      file !== undefined && existsSync(file)
        ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, Remembered>)
        : {};
  }

  get(logicalId: string): Remembered | undefined {
    return this.#entries[logicalId];
  }

  set(logicalId: string, remembered: Remembered): void {
    this.#entries[logicalId] = remembered;
    if (this.#file !== undefined) writeFileSync(this.#file, JSON.stringify(this.#entries), { mode: 0o600 });
  }

  /** Forgets everything, because the data that was created is gone. */
  clear(): void {
    this.#entries = {};
  }
}

/**
 * Runs the custom resources one after another: `Create` the first time, then `Update`, at every start. CloudFormation
 * updates only what has changed; an update that changes nothing has to be harmless on AWS too.
 *
 * @throws LocalHostError with the function's reason, when one fails
 */
export async function runCustomResources(
  resources: readonly CustomResourceModel[],
  memory: CustomResourceMemory,
  invoke: (functionId: string, event: unknown) => Promise<Invocation>,
): Promise<void> {
  for (const resource of resources) {
    const physicalId = await run(resource, memory.get(resource.logicalId), invoke);
    memory.set(resource.logicalId, { physicalId, properties: resource.properties });
  }
}

/** @returns the physical id that the function gave */
async function run(
  resource: CustomResourceModel,
  before: Remembered | undefined,
  invoke: (functionId: string, event: unknown) => Promise<Invocation>,
): Promise<string> {
  const failed = (reason: string): LocalHostError =>
    new LocalHostError(`custom resource ${resource.logicalId} failed: ${reason}`);
  const answered = Promise.withResolvers<unknown>();
  const { server, url } = await startServer((request, response) => {
    void readBody(request).then((body) => {
      response.end();
      try {
        answered.resolve(JSON.parse(String(body)));
      } catch {
        answered.reject(failed("its answer is not JSON"));
      }
    });
  });
  const timer = setTimeout(() => answered.reject(failed("it did not answer in time")), answerDeadlineMilliseconds);
  try {
    const invoked = invoke(resource.functionId, {
      RequestType: before === undefined ? "Create" : "Update",
      ResponseURL: `${url}/${randomUUID()}`,
      StackId: resource.stackId,
      RequestId: randomUUID(),
      LogicalResourceId: resource.logicalId,
      ResourceType: resource.type,
      // CloudFormation hands every scalar on as a string.
      ResourceProperties: stringified(resource.properties),
      ...(before && { PhysicalResourceId: before.physicalId, OldResourceProperties: stringified(before.properties) }),
    }).then((invocation) => {
      if ("failure" in invocation) throw failed(`${invocation.failure.errorType}: ${invocation.failure.errorMessage}`);
      // The answer may still be under way although the function has ended.
      return answered.promise;
    });
    const answer = await Promise.race([answered.promise, invoked]);
    if (!isObject(answer) || answer["Status"] !== "SUCCESS") {
      throw failed(isObject(answer) && typeof answer["Reason"] === "string" ? answer["Reason"] : "it gave no reason");
    }
    await invoked;
    return String(answer["PhysicalResourceId"] ?? before?.physicalId ?? resource.logicalId);
  } finally {
    clearTimeout(timer);
    answered.promise.catch(() => undefined);
    await closeServer(server);
  }
}

function stringified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stringified);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, stringified(entry)]));
  return value === null || value === undefined ? value : String(value);
}
