import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { checkDestination } from "../../../shared/webhooks/check-destination.ts";
import { sendWebhook, type Resolve, type SendOptions } from "../../../shared/webhooks/send-webhook.ts";

/** All servers of a test, with how to end their connections. */
const servers: { readonly server: Server; readonly cut: () => void }[] = [];
afterEach(async () => {
  for (const { server, cut } of servers.splice(0)) {
    cut();
    await new Promise((closed) => server.close(closed));
  }
});

async function portOf(server: Server, cut: () => void = () => undefined): Promise<number> {
  servers.push({ server, cut });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
}

interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

/** An endpoint of a partner. */
async function endpoint(answer: (response: ServerResponse) => void) {
  const received: Received[] = [];
  const server = createHttpServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      received.push({ request, body });
      answer(response);
    });
  });
  return {
    port: await portOf(server, () => {
      server.closeAllConnections();
    }),
    received,
  };
}

/** A server that says something that need not be HTTP. */
const speaking = (answer: (socket: Socket) => void) =>
  portOf(
    createTcpServer((socket) => {
      socket.on("error", () => undefined);
      answer(socket);
      // Whoever does not read does not see the end.
      socket.resume();
    }),
  );

const request = (url: string) => ({ url, headers: { "webhook-id": "evt_1" }, body: '{"name":"Zoë"}' });
const send = (url: string, options: Partial<SendOptions> = {}) =>
  sendWebhook(request(url), { toPrivateAddresses: true, ...options });
const at =
  (...addresses: string[]): Resolve =>
  () =>
    Promise.resolve(addresses);

describe("a webhook", () => {
  test("is a POST with the headers and the exact body", async () => {
    const { port, received } = await endpoint((response) => response.writeHead(204).end());
    expect(await send(`http://127.0.0.1:${port}/hook?x=1`)).toEqual({ outcome: "succeeded", statusCode: 204 });
    expect(received).toHaveLength(1);
    const [{ request: got, body }] = received as [Received];
    expect([got.method, got.url, body]).toEqual(["POST", "/hook?x=1", '{"name":"Zoë"}']);
    expect(got.headers).toMatchObject({
      "webhook-id": "evt_1",
      "content-length": "15",
      "accept-encoding": "identity",
      host: `127.0.0.1:${port}`,
    });
  });

  test("tells the status of a failure, and what the endpoint asks for", async () => {
    const { port } = await endpoint((response) => response.writeHead(503, { "retry-after": "120" }).end("busy"));
    expect(await send(`http://127.0.0.1:${port}/`)).toEqual({
      outcome: "http_error",
      statusCode: 503,
      retryAfter: "120",
    });
  });

  test("does not follow a redirect", async () => {
    const target = await endpoint((response) => response.end());
    const location = `http://127.0.0.1:${target.port}/`;
    const { port } = await endpoint((response) => response.writeHead(307, { location }).end());
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ outcome: "redirected", statusCode: 307 });
    expect(target.received).toEqual([]);
  });

  test("reads a limited part of an answer", async () => {
    let written = 0;
    const { port } = await endpoint((response) => {
      const part = "x".repeat(64 * 1024);
      const more = () => {
        written += part.length;
        if (!response.destroyed) response.write(part, more);
      };
      more();
    });
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ outcome: "succeeded", statusCode: 200 });
    expect(written).toBeLessThan(20 * 1024 * 1024);
  });

  test("ends after its time limit, before and after the status", async () => {
    const silent = await endpoint(() => undefined);
    const options = { timeLimitMs: 200 };
    expect(await send(`http://127.0.0.1:${silent.port}/`, options)).toEqual({ outcome: "timed_out", statusCode: null });
    const slow = await endpoint((response) => {
      response.writeHead(200);
      response.write("a");
    });
    expect(await send(`http://127.0.0.1:${slow.port}/`, options)).toMatchObject({ outcome: "succeeded" });
    const never: Resolve = () => new Promise(() => undefined);
    expect(await send("http://shop.example/", { ...options, resolve: never })).toMatchObject({ outcome: "timed_out" });
  });
});

describe("what is no answer of HTTP", () => {
  test.each<[string, (socket: Socket) => void, string]>([
    ["another protocol", (socket) => socket.end("220 smtp.example ESMTP\r\n"), "answer_invalid"],
    ["headers without end", (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(70_000)}`), "answer_invalid"],
    ["a closed connection", (socket) => socket.destroy(), "connection_failed"],
  ])("is a failure: %s", async (_title, answer, outcome) => {
    const port = await speaking((socket) => socket.once("data", () => answer(socket)));
    expect(await send(`http://127.0.0.1:${port}/`, { timeLimitMs: 3000 })).toEqual({ outcome, statusCode: null });
  });

  test("is a failure: an upgrade", async () => {
    const port = await speaking((socket) => socket.write("HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"));
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ outcome: "http_error", statusCode: 101 });
  });

  test("is a failure: nobody listens, no TLS, no name", async () => {
    const closed = await portOf(createTcpServer());
    await new Promise((done) => servers.splice(0)[0]?.server.close(done));
    expect(await send(`http://127.0.0.1:${closed}/`)).toMatchObject({ outcome: "connection_failed" });
    const plain = await endpoint((response) => response.end());
    expect(await send(`https://127.0.0.1:${plain.port}/`)).toMatchObject({ outcome: "tls_failed" });
    const fails: Resolve = () => Promise.reject(new Error("ENOTFOUND"));
    expect(await send("https://shop.example/", { resolve: fails })).toMatchObject({ outcome: "name_unresolved" });
  });
});

describe("a name", () => {
  test("is resolved once, and the connection goes to what was checked, with the name for TLS", async () => {
    let lookups = 0;
    const hello = new Promise<Buffer>((seen) => {
      void speaking((socket) => {
        socket.once("data", (data: Buffer) => {
          seen(data);
          socket.destroy();
        });
      }).then(async (port) => {
        const resolve: Resolve = () => Promise.resolve(lookups++ === 0 ? ["127.0.0.1"] : ["192.0.2.1"]);
        await send(`https://shop.example:${port}/`, { resolve });
      });
    });
    // The ClientHello has the name in clear.
    expect((await hello).includes("shop.example")).toBe(true);
    expect(lookups).toBe(1);
  });

  test.each([
    ["a private address", ["10.0.0.1"]],
    ["one private address among public ones", ["8.8.8.8", "169.254.169.254"]],
    ["an IPv4-mapped address", ["::ffff:127.0.0.1"]],
  ])("is refused with %s, at its creation and at each delivery", async (_title, addresses) => {
    const options = { toPrivateAddresses: false, resolve: at(...addresses) };
    const refused = { outcome: "address_refused", statusCode: null };
    expect(await sendWebhook(request("https://shop.example/"), options)).toEqual(refused);
    await expect(checkDestination("https://shop.example/", options)).rejects.toMatchObject({
      code: "validation_failed",
      extras: { errors: [{ pointer: "/url", detail: "must have a host with public addresses only" }] },
    });
  });

  test("that became private after its creation is refused without a connection", async () => {
    const { port, received } = await endpoint((response) => response.end());
    const options = { toPrivateAddresses: false, resolve: at("127.0.0.1") };
    const url = `https://shop.example:${port}/`;
    await checkDestination(url, { ...options, resolve: at("8.8.8.8") });
    expect(await sendWebhook(request(url), options)).toEqual({ outcome: "address_refused", statusCode: null });
    expect(received).toEqual([]);
  });

  test("that does not resolve can be an endpoint, one that the URL refuses cannot", async () => {
    const options = { toPrivateAddresses: false, resolve: at() };
    await expect(checkDestination("https://shop.example/", options)).resolves.toBeUndefined();
    await expect(checkDestination("https://127.1/", options)).rejects.toMatchObject({ code: "validation_failed" });
    await expect(checkDestination("http://shop.example/", options)).rejects.toMatchObject({
      extras: { errors: [{ pointer: "/url", detail: "must begin with https://" }] },
    });
    await expect(
      checkDestination("http://127.0.0.1:8080/", { toPrivateAddresses: true, resolve: at("127.0.0.1") }),
    ).resolves.toBeUndefined();
  });
});
