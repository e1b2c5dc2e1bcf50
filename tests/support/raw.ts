/** Requests that are sent as written: `fetch` would normalise the path, and takes more CPU time. */
import { request, type Agent } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Answer } from "./answer.ts";

export interface RawOptions {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** The address that the request comes from, such as `127.0.0.2`. */
  readonly localAddress?: string;
  /** Keeps connections for later requests. By default each request has a connection of its own. */
  readonly agent?: Agent;
}

/**
 * One request whose target is sent exactly as it is written.
 *
 * @param url base of the API
 * @param target path and query
 */
export async function rawCall(
  url: string,
  method: string,
  target: string,
  { headers = {}, body, localAddress, agent }: RawOptions = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const sent = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const));
  return await new Promise<Answer>((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path: target, agent: agent ?? false, localAddress });
    for (const [name, value] of sent) outgoing.appendHeader(name, value);
    // Node sends no content-length for methods that usually have no body.
    if (body !== undefined) outgoing.setHeader("content-length", Buffer.byteLength(body));
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("error", reject);
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const isCompressed = incoming.headers["content-encoding"] === "gzip";
        const text = (isCompressed ? gunzipSync(bytes) : bytes).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: headersOf(incoming.rawHeaders), text, body: parse(text) });
      });
    });
    outgoing.end(body);
  });
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < raw.length; index += 2) headers.append(raw[index]!, raw[index + 1]!);
  return headers;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
