/**
 * How a REST API compresses the answers of its integrations, from "Receive an API response with a compressed payload"
 * (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-receive-response-with-compressed-payload.html).
 */
import { deflateSync, gzipSync } from "node:zlib";

const codings = { gzip: gzipSync, deflate: deflateSync };
export type Coding = keyof typeof codings;

/**
 * The coding that a request asks for. Undefined without the header, with `*` alone, and when the caller prefers a coding that
 * API Gateway does not know.
 *
 * @param acceptEncoding RFC 9110 §12.5.3
 */
export function codingOf(acceptEncoding: string | undefined): Coding | undefined {
  const wishes = (acceptEncoding ?? "").split(",").map((wish) => {
    const [name = "", ...parameters] = wish.split(";").map((part) => part.trim().toLowerCase());
    return { name, weight: Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1) };
  });
  const highest = Math.max(...wishes.map(({ weight }) => weight));
  const wish = wishes.find(({ name, weight }) => weight === highest && weight > 0 && Object.hasOwn(codings, name));
  return wish?.name as Coding | undefined;
}

export function compress(coding: Coding, body: Buffer): Buffer {
  return codings[coding](body);
}
