/** Reads and writes the answer of a Lambda proxy integration. */
import type { ServerResponse } from "node:http";
import * as z from "zod";
import { LocalHostError } from "../support/errors.ts";
import { parseOrRefuse } from "../support/parsing.ts";
import type { ApiModel } from "../template/deployment-model.ts";
import { codingOf, compress } from "./compression.ts";
import { answerHeaderName } from "./headers.ts";
import { header, isBinary, maxEventBytes, type GatewayRequest } from "./proxy-event.ts";

type Header = readonly [name: string, value: string];

interface ProxyAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: "must be a string" }).transform(String);
const answerSchema = z.strictObject({
  statusCode: z.coerce.number().pipe(z.int().min(100).max(599)).default(200),
  headers: z.record(z.string(), scalar).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(scalar)).nullish(),
  body: z.string({ error: "must be a string" }).nullish(),
  isBase64Encoded: z.unknown().optional(),
});

const isValidHeader = ([name, value]: Header): boolean =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[^\t\x20-\x7e\x80-\xff]/.test(value);

/** @throws LocalHostError naming what API Gateway does not accept */
export function readProxyAnswer(payload: string): ProxyAnswer {
  if (Buffer.byteLength(payload) > maxEventBytes) throw new LocalHostError("the answer is larger than 6 MB");
  const answer = parseOrRefuse(answerSchema, JSON.parse(payload), "the answer:");
  const merged = new Map<string, readonly [name: string, values: ReadonlySet<string>]>();
  const add = (name: string, values: readonly string[]): void => {
    const [spelling, before] = merged.get(name.toLowerCase()) ?? [name, []];
    merged.set(name.toLowerCase(), [spelling, new Set([...before, ...values])]);
  };
  for (const [name, value] of Object.entries(answer.headers ?? {})) add(name, [value]);
  for (const [name, values] of Object.entries(answer.multiValueHeaders ?? {})) add(name, values);
  const headers = [...merged.values()].flatMap(([name, values]) => [...values].map((value) => [name, value] as const));
  const wrong = headers.find((entry) => !isValidHeader(entry));
  if (wrong !== undefined) throw new LocalHostError(`the answer: header ${wrong[0]} is not valid`);
  return {
    status: answer.statusCode,
    headers,
    body: answer.body ?? "",
    isBase64Encoded: answer.isBase64Encoded === true,
  };
}

export function writeProxyAnswer(
  response: ServerResponse,
  api: ApiModel,
  request: GatewayRequest,
  answer: ProxyAnswer,
): void {
  const accepted = header(request, "accept")?.split(",")[0];
  // Without a binary media type in `Accept`, AWS returns the base64 text unchanged.
  const body =
    answer.isBase64Encoded && isBinary(api, accepted) ? Buffer.from(answer.body, "base64") : Buffer.from(answer.body);
  const headers = answer.headers.flatMap(([name, value]): Header[] => {
    const visible = answerHeaderName(name);
    return visible === undefined ? [] : [[visible, value]];
  });
  const has = (wanted: string): boolean => headers.some(([name]) => name.toLowerCase() === wanted);
  const { minimumCompressionSize = Number.POSITIVE_INFINITY } = api;
  const isCompressible = body.length > 0 && body.length >= minimumCompressionSize && !has("content-encoding");
  const coding = isCompressible ? codingOf(header(request, "accept-encoding")) : undefined;
  writeAnswer(response, request, {
    status: answer.status,
    headers: [
      ...(has("content-type") ? [] : [["Content-Type", "application/json"] as const]),
      ...headers,
      ...(coding === undefined ? [] : [["Content-Encoding", coding] as const]),
    ],
    body: coding === undefined ? body : compress(coding, body),
  });
}

/** Writes any answer of the API, with the ids of its request. */
export function writeAnswer(
  response: ServerResponse,
  request: GatewayRequest,
  answer: { readonly status: number; readonly headers: readonly Header[]; readonly body: Buffer | string },
): void {
  const ids: readonly Header[] = [
    ["x-amzn-RequestId", request.requestId],
    ["x-amz-apigw-id", request.extendedRequestId],
  ];
  for (const [name, value] of [...ids, ...answer.headers]) response.appendHeader(name, value);
  // A 204 and a 304 have no body and therefore no length (RFC 9110 §8.6).
  if (answer.status !== 204 && answer.status !== 304) {
    response.setHeader("content-length", Buffer.byteLength(answer.body));
  }
  response.writeHead(answer.status).end(answer.body);
}
