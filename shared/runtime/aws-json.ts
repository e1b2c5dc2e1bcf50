/**
 * Calls of AWS services with a JSON protocol (AWS JSON 1.0 and 1.1), made of the SDK's own signer, connections and
 * conversion of items. The SDK's clients do the same with ten times the code, which every cold start loads and every call
 * runs through: see `docs/decisions/0098-aws-calls-of-the-sdk-s-parts.md`.
 */
import { createHash, createHmac } from "node:crypto";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { SignatureV4 } from "@smithy/signature-v4";
import type { HttpRequest } from "@smithy/types";

/** How a service is called. */
export interface AwsService {
  /** Name in signatures and in the name of the host. */
  readonly signingName: string;
  /** The variable with a base URL for this service alone. */
  readonly endpointVariable: string;
  /** What stands before the action in `X-Amz-Target`. */
  readonly targetPrefix: string;
  readonly jsonVersion: "1.0" | "1.1";
}

export const dynamoDb: AwsService = {
  signingName: "dynamodb",
  endpointVariable: "AWS_ENDPOINT_URL_DYNAMODB",
  targetPrefix: "DynamoDB_20120810",
  jsonVersion: "1.0",
};

export const secretsManager: AwsService = {
  signingName: "secretsmanager",
  endpointVariable: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  targetPrefix: "secretsmanager",
  jsonVersion: "1.1",
};

export const sqs: AwsService = {
  signingName: "sqs",
  endpointVariable: "AWS_ENDPOINT_URL_SQS",
  targetPrefix: "AmazonSQS",
  jsonVersion: "1.0",
};

export const eventBridge: AwsService = {
  signingName: "events",
  endpointVariable: "AWS_ENDPOINT_URL_EVENTBRIDGE",
  targetPrefix: "AWSEvents",
  jsonVersion: "1.1",
};

/** Where and as whom to call. */
export interface AwsAccess {
  readonly region: string;
  /** Base URL instead of the service's own. */
  readonly endpoint?: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** An answer that is an error, with the members of its body, such as `CancellationReasons`. */
export class AwsError extends Error {
  /** As the SDK has it, for `isTransient`. */
  readonly $metadata: { readonly httpStatusCode: number; readonly clockSkewCorrected: boolean };

  constructor(body: Readonly<Record<string, unknown>>, status: number, clockSkewCorrected: boolean) {
    const { __type: type, message, Message, ...members } = body;
    super(String(message ?? Message ?? `status ${status}`));
    Object.assign(this, members);
    // The type has a namespace before it, and some services append a URL.
    this.name = String(type ?? "UnknownError")
      .replace(/^.*#/, "")
      .replace(/:.*$/, "");
    this.$metadata = { httpStatusCode: status, clockSkewCorrected };
  }
}

/** As the SDK: a clock that is wrong by more makes AWS refuse signatures. */
const maxClockSkewMs = 300_000;

/** A client of one service. It never retries; `retry.ts` does. */
export class AwsJson {
  readonly #service: AwsService;
  readonly #endpoint: URL;
  readonly #signer: SignatureV4;
  readonly #http = new NodeHttpHandler({ connectionTimeout: 1000 });
  #clockOffsetMs = 0;

  /** @param access default: the function's environment, as Lambda sets it */
  constructor(service: AwsService, access: AwsAccess = accessOf(service)) {
    const { region, endpoint, credentials } = access;
    this.#service = service;
    this.#endpoint = new URL(endpoint ?? `https://${AwsJson.hostOf(service, region)}`);
    this.#signer = new SignatureV4({ service: service.signingName, region, credentials, sha256: Sha256 });
  }

  /**
   * One attempt at a call.
   *
   * @param input the action's request as the service's API reference has it; items in DynamoDB's form
   * @returns the service's answer
   * @throws AwsError for an answer that is an error; errors of the connection as the SDK throws them
   */
  async call<Answer>(action: string, input: object, abortSignal?: AbortSignal): Promise<Answer> {
    const signingDate = new Date(Date.now() + this.#clockOffsetMs);
    const signed = await this.#signer.sign(this.#requestOf(action, JSON.stringify(input)), { signingDate });
    const { response } = await this.#http.handle(signed as never, { ...(abortSignal && { abortSignal }) });
    const { statusCode, headers } = response;
    const text = await textOf(response.body as AsyncIterable<Buffer>);
    if (statusCode < 300) return JSON.parse(text) as Answer;
    throw new AwsError(errorBody(text), statusCode, this.#correctsClock(headers["date"]));
  }

  /** The host that serves a Region of AWS or of AWS China. */
  static hostOf({ signingName }: AwsService, region: string): string {
    return `${signingName}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  }

  /** Closes the idle connections. */
  destroy(): void {
    this.#http.destroy();
  }

  #requestOf(action: string, body: string): HttpRequest {
    const { protocol, hostname, port, host, pathname } = this.#endpoint;
    const { targetPrefix, jsonVersion } = this.#service;
    // Lambda sets it for each invocation. X-Ray and AWS's detection of recursive loops follow it.
    const traceId = process.env["_X_AMZN_TRACE_ID"];
    return {
      method: "POST",
      protocol,
      hostname,
      ...(port !== "" && { port: Number(port) }),
      path: pathname,
      query: {},
      headers: {
        host,
        "content-type": `application/x-amz-json-${jsonVersion}`,
        "content-length": String(Buffer.byteLength(body)),
        "x-amz-target": `${targetPrefix}.${action}`,
        ...(traceId !== undefined && { "x-amzn-trace-id": traceId }),
      },
      body,
    };
  }

  /** Learns AWS's time from an error. @returns whether the clock was wrong, so that another attempt is signed with the right time */
  #correctsClock(date: string | undefined): boolean {
    const offset = Date.parse(date ?? "") - Date.now();
    const isWrong = Math.abs(offset - this.#clockOffsetMs) >= maxClockSkewMs;
    if (isWrong) this.#clockOffsetMs = offset;
    return isWrong;
  }
}

function accessOf({ endpointVariable }: AwsService): AwsAccess {
  const variables = process.env;
  const sessionToken = variables["AWS_SESSION_TOKEN"];
  const endpoint = variables[endpointVariable] ?? variables["AWS_ENDPOINT_URL"];
  return {
    region: variables["AWS_REGION"] ?? "",
    ...(endpoint !== undefined && { endpoint }),
    credentials: {
      accessKeyId: variables["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"] ?? "",
      ...(sessionToken !== undefined && { sessionToken }),
    },
  };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** What stands between a function and AWS may answer with something else. */
function errorBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** SHA-256 and its HMAC in the form that the signer takes. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string);
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return await Promise.resolve(this.#hash.digest());
  }

  /** The signer asks for a new hash each time. */
  reset(): void {
    throw new Error("a hash is used once");
  }
}
