/** A running Portico for tests: the local host on a free port, its data in memory, and calls as callers make them. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { startHost, type Host, type HostOptions } from "../../infra/local/host.ts";
import { rightsFolderVariable, writeRecord } from "../rights/records.ts";
import { expectConforming, operationOf } from "./conformance.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where it is not JSON. */
  readonly body: any;
}

export interface CallOptions {
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as it is; name the content type among the headers. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestPartner {
  readonly id: string;
  readonly secret: string;
  readonly email: string;
}

export class Portico {
  readonly host: Host;
  readonly url: string;
  /** Everything that the functions have logged. */
  readonly logs: string[];
  /** The host runs the assembly of the whole suite. */
  readonly #servesSuite: boolean;
  #rootToken: string | undefined;

  private constructor(host: Host, logs: string[], servesSuite: boolean) {
    this.host = host;
    this.#servesSuite = servesSuite;
    this.url = host.url;
    this.logs = logs;
  }

  /** Starts a host of its own; `close` stops it. */
  static async start(options: Partial<HostOptions> = {}): Promise<Portico> {
    const assembly = process.env.PORTICO_TEST_ASSEMBLY;
    if (assembly === undefined) throw new Error("the global setup has not synthesised an assembly");
    const logs: string[] = [];
    const host = await startHost({
      assembly,
      // One for all hosts, those with an altered assembly as well.
      compileCache: join(assembly, "compile-cache"),
      logSink: ({ text }) => logs.push(text),
      ...options,
    });
    return new Portico(host, logs, options.assembly === undefined);
  }

  async close(): Promise<void> {
    await this.host.close();
    const folder = process.env[rightsFolderVariable];
    // Another assembly has other roles: what a test learns there says nothing about ours.
    if (folder === undefined || !this.#servesSuite) return;
    writeRecord(folder, { testPath: expect.getState().testPath ?? "", ...this.host.rights() });
  }

  /** One call, as a caller makes it. Fails where the answer is not one that the contract declares. */
  async call(method: string, path: string, { token, json, form, raw, headers }: CallOptions = {}): Promise<Answer> {
    const body = json !== undefined ? JSON.stringify(json) : form !== undefined ? new URLSearchParams(form) : raw;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text, body: parse(text) };
    // What a browser asks beforehand is between it and the gateway.
    if (method !== "OPTIONS") expectConforming(operationOf(method, path), answer, this.url);
    return answer;
  }

  /** An access token of the root user, the same one for all calls of a test file. */
  async rootToken(): Promise<string> {
    if (this.#rootToken === undefined) {
      const { body } = await this.call("POST", "/v1/auth/login", { json: this.host.rootSignIn });
      this.#rootToken = body.accessToken as string;
    }
    return this.#rootToken;
  }

  /** A new partner, registered by the root user. */
  async registerPartner(fields: Readonly<Record<string, unknown>> = {}): Promise<TestPartner> {
    const email = `${randomUUID()}@partner.example`;
    const answer = await this.call("POST", "/v1/partners", {
      token: await this.rootToken(),
      json: { name: "Blue Bicycle", websiteUrl: "https://bluebicycle.example", email, ...fields },
    });
    if (answer.status !== 201) throw new Error(`no partner registered: ${answer.text}`);
    return { id: answer.body.id, secret: answer.body.clientSecret, email: answer.body.email };
  }

  /** A request of a partner for an access token, by `client_secret_post`. */
  async requestToken({ id, secret }: Pick<TestPartner, "id" | "secret">, scope?: string): Promise<Answer> {
    const form = {
      grant_type: "client_credentials",
      client_id: id,
      client_secret: secret,
      ...(scope !== undefined && { scope }),
    };
    return await this.call("POST", "/oauth/token", { form });
  }

  /** An access token of a partner; under the policy `single` it ends the one before. */
  async partnerToken(partner: Pick<TestPartner, "id" | "secret">, scope?: string): Promise<string> {
    const answer = await this.requestToken(partner, scope);
    if (answer.status !== 200) throw new Error(`no token issued: ${answer.text}`);
    return answer.body.access_token;
  }

  /** A new partner with a token. */
  async partnerWithToken(): Promise<TestPartner & { readonly token: string }> {
    const partner = await this.registerPartner();
    return { ...partner, token: await this.partnerToken(partner) };
  }
}

/** Runs `call` in parallel as often as named, all of them begun before any has ended. */
export async function inParallel<Result>(times: number, call: (index: number) => Promise<Result>): Promise<Result[]> {
  return await Promise.all(Array.from({ length: times }, (_, index) => call(index)));
}

/** How often each value occurs. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
