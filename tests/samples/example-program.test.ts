import { execFile } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { Portico } from "../support/portico.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

const portico = Portico.forSuite();
beforeAll(async () => {
  await run(process.execPath, ["infra/contract/client.ts"], { cwd: root });
});

/** A proxy to the host that loses responses. */
async function badLine(spoil: (request: IncomingMessage, response: ServerResponse) => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const answer = await fetch(`${portico.url}${request.url ?? ""}`, {
        method: request.method ?? "GET",
        headers: Object.entries(request.headers).flatMap(([name, value]) =>
          ["authorization", "content-type", "idempotency-key"].includes(name)
            ? [[name, String(value)] as [string, string]]
            : [],
        ),
        ...(body.length > 0 && { body: new Uint8Array(body) }),
      });
      const text = await answer.text();
      if (spoil(request, response)) return;
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" }).end(text);
    })();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

test("the example program sells and extends each subscription once although responses are lost", async () => {
  const partner = await portico.registerPartner();
  const seen: string[] = [];
  const line = await badLine(({ method, url, headers }, response) => {
    const request = [method, url, headers["idempotency-key"]].join(" ");
    const isFirst = !seen.includes(request);
    seen.push(request);
    if (isFirst && method === "POST" && url === "/v1/subscriptions") response.destroy();
    else if (isFirst && method === "PUT") response.writeHead(503, { "retry-after": "0" }).end();
    else return false;
    return true;
  });
  try {
    const { stdout } = await run(process.execPath, ["docs/examples/partner.ts"], {
      cwd: root,
      env: {
        ...process.env,
        PORTICO_URL: `http://127.0.0.1:${(line.address() as AddressInfo).port}`,
        PORTICO_CLIENT_ID: partner.id,
        PORTICO_CLIENT_SECRET: partner.secret,
      },
    });
    expect(stdout).toMatch(/^grace now ends at .+Z\nada: active\ngrace: active\nlinus: active\n$/);
  } finally {
    line.close();
  }
  expect(seen.filter((request) => request === "POST /v1/subscriptions sell-ada")).toHaveLength(2);
  expect(seen.filter((request) => request === "PUT /v1/subscriptions/grace extend-grace-P1Y")).toHaveLength(2);
  expect(seen.filter((request) => request.startsWith("GET /v1/subscriptions?"))).toHaveLength(2);
  const token = await portico.partnerToken(partner);
  const { body } = await portico.call("GET", "/v1/subscriptions/grace/history", { token });
  expect(body.items.map(({ type }: { type: string }) => type)).toEqual(["created", "extended"]);
});
