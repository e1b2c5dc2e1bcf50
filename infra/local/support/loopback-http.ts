/** HTTP helpers of the host's servers and clients. All of them stay on 127.0.0.1. */
import { createServer, request as httpRequest, Agent as HttpAgent, type RequestListener, type Server } from "node:http";
import { request as httpsRequest, Agent as HttpsAgent } from "node:https";
import type { AddressInfo } from "node:net";
import { LocalHostError, messageOf } from "./errors.ts";

export const loopback = "127.0.0.1";

/** How many connections may wait to be accepted. By default it is 511, and a crowd of a thousand would lose some of them. */
const backlog = 4096;

/**
 * Listens on 127.0.0.1.
 *
 * @param port 0 takes a free one
 * @returns the port that was taken
 * @throws LocalHostError when the port is in use or not allowed
 */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EADDRINUSE"
          ? `port ${port} is in use: stop what listens there, or choose a different one with PORT=<port> (0 takes a free one)`
          : error.code === "EACCES"
            ? `port ${port} is not allowed: choose one above 1023 with PORT=<port>`
            : messageOf(error);
      reject(new LocalHostError(reason));
    });
    server.listen({ port, host: loopback, backlog }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Checks that a port is free, before the slow part of the start.
 *
 * @throws LocalHostError as `listen` does
 */
export async function probePort(port: number): Promise<void> {
  const server = createServer();
  await listen(server, port);
  await closeServer(server);
}

/** Stops a server at once, with its open connections. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** Starts a server on a free port. */
export async function startServer(
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  const port = await listen(server, 0);
  return { server, url: `http://${loopback}:${port}` };
}

/** Reads a whole body; undefined when it is longer than the limit in bytes. */
export async function readBody(
  stream: AsyncIterable<Buffer>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
  }
  return length > limit ? undefined : Buffer.concat(chunks);
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends POST requests to one endpoint over persistent connections. */
export class Upstream {
  readonly #url: URL;
  readonly #agent: HttpAgent;

  /** @param endpoint `http://` or `https://` URL */
  constructor(endpoint: string) {
    this.#url = new URL(endpoint);
    this.#agent =
      this.#url.protocol === "https:" ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  /** @throws Error when the endpoint cannot be reached */
  async post(headers: Readonly<Record<string, string>>, body: Buffer | string): Promise<UpstreamAnswer> {
    const send = this.#url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        this.#url,
        { method: "POST", agent: this.#agent, headers: { ...headers, "content-length": Buffer.byteLength(body) } },
        (response) => {
          readBody(response).then(
            (read) =>
              resolve({
                status: response.statusCode ?? 502,
                headers: response.headers as Record<string, string>,
                body: read ?? Buffer.alloc(0),
              }),
            reject,
          );
        },
      );
      request.once("error", reject);
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
