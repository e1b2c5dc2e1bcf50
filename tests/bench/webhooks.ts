/** Measures the time from an event to the first attempt of its delivery, with many partners at once. */
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startHost, type Host } from "../../infra/local/host.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { percentile, row, table } from "./report.ts";

const partners = 50;
const eventsPerPartner = 10;
/** Between two events of a partner, so that all partners together have ten events a second. */
const pauseMs = 5000;
const targetMs = 2000;
const patienceMs = 30_000;

/** @returns whether the 99th percentile is within its target */
export async function benchWebhooks(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  const arrivals: number[] = [];
  const server = createServer((request, response) => {
    const arrivedAt = Date.now();
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      response.writeHead(204).end();
      const event = JSON.parse(body) as { readonly createdAt: string };
      arrivals.push(arrivedAt - Date.parse(event.createdAt));
    });
  });
  try {
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    await synthesise(folder);
    const host = await startHost({ assembly: folder, runEventSources: true });
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await happen(host, url);
      const expected = partners * eventsPerPartner;
      for (let waited = 0; waited < patienceMs && arrivals.length < expected; waited += 100) await delay(100);
      return report(arrivals, expected);
    } finally {
      await host.close();
    }
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function report(arrivals: readonly number[], expected: number): boolean {
  const p99 = percentile(arrivals, 0.99);
  const shares = [0.5, 0.9, 0.99, 1];
  table(
    `From an event to its first attempt, ${partners} partners, ${arrivals.length} of ${expected} events, in ms`,
    row("", "p50", "p90", "p99", "max"),
    [row("latency", ...shares.map((share) => String(percentile(arrivals, share))))],
  );
  return arrivals.length >= expected && p99 < targetMs;
}

/** Every partner has an endpoint, and creates companies at its own pace. */
async function happen(host: Host, url: string): Promise<void> {
  const { accessToken } = await post(host, "/v1/auth/login", host.rootSignIn);
  const tokens: string[] = [];
  for (let count = 0; count < partners; count++) {
    const token = await newPartner(host, String(accessToken), count);
    await post(host, "/v1/webhook-endpoints", { url, eventTypes: ["company.created"] }, token);
    tokens.push(token);
  }
  await Promise.all(
    tokens.map(async (token, index) => {
      await delay((index * pauseMs) / partners);
      for (let count = 0; count < eventsPerPartner; count++) {
        await Promise.all([
          post(
            host,
            "/v1/companies",
            { name: `Company ${count}`, phone: "551130001234", declaredBilling: "1.00" },
            token,
          ),
          delay(pauseMs),
        ]);
      }
    }),
  );
}

async function newPartner(host: Host, rootToken: string, number: number): Promise<string> {
  const email = `bench-${number}@partner.example`;
  const registration = { name: "Bench", websiteUrl: "https://bench.example", email };
  const { clientId, clientSecret } = await post(host, "/v1/partners", registration, rootToken);
  const answer = await fetch(`${host.url}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: String(clientId),
      client_secret: String(clientSecret),
    }),
  });
  const { access_token } = (await answer.json()) as { readonly access_token: string };
  return access_token;
}

async function post(host: Host, path: string, json: unknown, token?: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${host.url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(json),
  });
  if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}
