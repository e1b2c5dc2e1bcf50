/** Stands in for CloudFormation's custom resources: invokes the function and waits for its PUT to the response URL. */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { LocalHostError } from "../support/errors.ts";
import { readJsonFile, writeJsonFile } from "../support/json-file.ts";
import type { Invocation } from "./function-pool.ts";
import { closeServer, readBody, startServer } from "../support/loopback-http.ts";
import { isObject, type JsonObject } from "../support/json-value.ts";
import type { CustomResourceModel } from "../template/deployment-model.ts";

/** Longer than any function may run. */
const answerDeadlineMilliseconds = 120_000;

/** What CloudFormation remembers of a custom resource: its physical id and its last properties. */
const rememberedSchema = z.object({ physicalId: z.string(), properties: z.custom<JsonObject>(isObject) });
type Remembered = z.output<typeof rememberedSchema>;

/** The created custom resources by logical id, in a file or in memory. */
export class CustomResourceMemory {
  readonly #file: string | undefined;
  #entries: Record<string, Remembered>;

  /** @throws LocalHostError when something else wrote the file */
  constructor(file?: string) {
    this.#file = file;
    const remedy = "delete it to start with new custom resources";
    this.#entries =
      (file === undefined ? undefined : readJsonFile(file, z.record(z.string(), rememberedSchema), remedy)) ?? {};
  }

  get(logicalId: string): Remembered | undefined {
    return this.#entries[logicalId];
  }

  set(logicalId: string, remembered: Remembered): void {
    this.#entries[logicalId] = remembered;
    if (this.#file !== undefined) writeJsonFile(this.#file, this.#entries);
  }

  /** Forgets everything: the data that the resources created is gone. */
  clear(): void {
    this.#entries = {};
  }
}

/**
 * Runs the custom resources in order at every start: `Create` the first time, then `Update`. CloudFormation updates only changed
 * resources, but an update without a change has to be harmless on AWS, too.
 *
 * @throws LocalHostError with the function's reason when one fails
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

/** Waits on a URL of its own for the answer that a function sends to CloudFormation. */
class ResponseUrl {
  readonly url: string;
  readonly answer: Promise<unknown>;
  readonly close: () => Promise<void>;

  private constructor(url: string, answer: Promise<unknown>, close: () => Promise<void>) {
    this.url = url;
    this.answer = answer;
    this.close = close;
  }

  static async open(failed: (reason: string) => LocalHostError): Promise<ResponseUrl> {
    const answered = Promise.withResolvers<unknown>();
    // After a failed call nobody waits for the answer.
    answered.promise.catch(() => undefined);
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
    return new ResponseUrl(`${url}/${randomUUID()}`, answered.promise, async () => {
      clearTimeout(timer);
      await closeServer(server);
    });
  }
}

/** @returns the physical id from the function's answer */
async function run(
  resource: CustomResourceModel,
  before: Remembered | undefined,
  invoke: (functionId: string, event: unknown) => Promise<Invocation>,
): Promise<string> {
  const failed = (reason: string): LocalHostError =>
    new LocalHostError(`custom resource ${resource.logicalId} failed: ${reason}`);
  const response = await ResponseUrl.open(failed);
  try {
    const invoked = invoke(resource.functionId, eventOf(resource, before, response.url)).then((invocation) => {
      if ("failure" in invocation) throw failed(`${invocation.failure.errorType}: ${invocation.failure.errorMessage}`);
      // The answer may arrive after the function has ended.
      return response.answer;
    });
    const answer = await Promise.race([response.answer, invoked]);
    if (!isObject(answer) || answer["Status"] !== "SUCCESS") {
      throw failed(isObject(answer) && typeof answer["Reason"] === "string" ? answer["Reason"] : "it gave no reason");
    }
    await invoked;
    return String(answer["PhysicalResourceId"] ?? before?.physicalId ?? resource.logicalId);
  } finally {
    await response.close();
  }
}

function eventOf(
  { stackId, logicalId, type, properties }: CustomResourceModel,
  before: Remembered | undefined,
  responseUrl: string,
): object {
  return {
    RequestType: before === undefined ? "Create" : "Update",
    ResponseURL: responseUrl,
    StackId: stackId,
    RequestId: randomUUID(),
    LogicalResourceId: logicalId,
    ResourceType: type,
    // CloudFormation passes every scalar as a string.
    ResourceProperties: stringified(properties),
    ...(before && { PhysicalResourceId: before.physicalId, OldResourceProperties: stringified(before.properties) }),
  };
}

function stringified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stringified);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, stringified(entry)]));
  return value === null || value === undefined ? value : String(value);
}
