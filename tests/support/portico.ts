/** A running Portico for tests: a local host on a free port with its data in memory. */
import { randomUUID } from "node:crypto";
import type { Host, HostOptions } from "../../infra/local/host.ts";
import type { LogSink } from "../../infra/local/lambda/function-pool.ts";
import type { Answer, RequestHeaders } from "./answer.ts";
import type { SharedHost } from "./hosts.ts";
import { conformance, hosts } from "./outside.ts";
import { rawCall } from "./raw.ts";

/** Tokens end after ten minutes; a file takes less than eight. */
const youngMilliseconds = 120_000;

export interface CallOptions {
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as it is; the headers have to name the content type. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: RequestHeaders;
}

export interface TestPartner {
  readonly id: string;
  readonly secret: string;
  readonly email: string;
}

/**
 * A local host with free ports and its data in memory, and the calls that tests make to it.
 * `call` may be taken apart: `const { call } = portico`.
 */
export class Portico {
  /** Everything that the functions have logged for this file. */
  readonly logs: string[] = [];
  readonly #sink: LogSink = ({ text }) => this.logs.push(text);
  #shared: SharedHost | undefined;
  #own: Host | undefined;
  /** Whether the host's usage of rights counts. */
  #judged = true;
  #rootToken: string | undefined;

  private constructor() {
    // Only `forSuite`, `alone` and `start` make one.
  }

  /**
   * The host that all such files of a worker use, one after the other: its table holds what earlier files have left, its root
   * user stays as it is, and nobody changes its deployment. For everything else there is `alone`.
   *
   * @param interceptors stand between the functions and their services while the file runs
   */
  static forSuite({ interceptors = [] }: Pick<HostOptions, "interceptors"> = {}): Portico {
    const portico = new Portico();
    beforeAll(async () => {
      portico.#shared = await hosts.share(portico.#sink, interceptors);
    });
    afterAll(() => portico.#record());
    return portico;
  }

  /** A host for the file or the `describe` block of the caller: starts before its tests, stops after them. */
  static alone(options: Partial<HostOptions> = {}): Portico {
    const portico = new Portico();
    beforeAll(async () => {
      await portico.#start(options);
    });
    afterAll(async () => {
      await portico.close();
    });
    return portico;
  }

  /** Starts a host at once; the caller stops it with `close`. */
  static async start(options: Partial<HostOptions> = {}): Promise<Portico> {
    const portico = new Portico();
    await portico.#start(options);
    return portico;
  }

  async #start(options: Partial<HostOptions>): Promise<void> {
    this.#judged = options.assembly === undefined;
    this.#own = await hosts.start({ logSink: this.#sink, ...options });
  }

  get host(): Host {
    const host = this.#own ?? this.#shared?.host;
    if (host === undefined) throw new Error("the host has not started");
    return host;
  }

  get url(): string {
    return this.host.url;
  }

  /** Serves a different assembly from now on. Its roles are different, so the host's usage of rights no longer counts. */
  async replace(assembly: string): Promise<void> {
    this.#judged = false;
    await this.host.replace(assembly);
  }

  /** Stops an own host. */
  async close(): Promise<void> {
    if (this.#own === undefined) return;
    await this.#own.close();
    // An altered assembly has different roles, so its usage says nothing about the real ones.
    if (this.#judged) this.#record();
  }

  #record(): void {
    // Without Jest, no run judges the rights.
    if (!("expect" in globalThis)) return;
    hosts.record(this.host, expect.getState().testPath ?? "");
  }

  /** Calls the API over HTTP. Fails if the contract does not declare the answer. */
  readonly call = async (
    method: string,
    path: string,
    { token, json, form, raw, headers }: CallOptions = {},
  ): Promise<Answer> => {
    const { pathname, search } = new URL(`${this.url}${path}`);
    const body =
      json !== undefined ? JSON.stringify(json) : form !== undefined ? new URLSearchParams(form).toString() : raw;
    const answer = await rawCall(this.url, method, `${pathname}${search}`, {
      headers: {
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(form !== undefined && { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      agent: hosts.connections,
    });
    // The gateway alone answers a browser's preflight request.
    if (method !== "OPTIONS") {
      const { expectConforming, operationOf } = await conformance();
      expectConforming(operationOf(method, path), answer, this.url);
    }
    return answer;
  };

  /** A call as the root user. */
  async callAsRoot(method: string, path: string, json?: unknown, headers: RequestHeaders = {}): Promise<Answer> {
    return await this.call(method, path, { token: await this.rootToken(), json, headers });
  }

  /** An access token of the root user: the same one for all calls of a file, and for later files while it is young. */
  async rootToken(): Promise<string> {
    if (this.#rootToken !== undefined) return this.#rootToken;
    const known = this.#shared?.root;
    if (known !== undefined && performance.now() - known.since < youngMilliseconds) {
      return (this.#rootToken = known.token);
    }
    const since = performance.now();
    const { body } = await this.call("POST", "/v1/auth/login", { json: this.host.rootSignIn });
    this.#rootToken = body.accessToken as string;
    if (this.#shared !== undefined) this.#shared.root = { token: this.#rootToken, since };
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

/** Starts all calls before any has ended. */
export async function inParallel<Result>(times: number, call: (index: number) => Promise<Result>): Promise<Result[]> {
  return await Promise.all(Array.from({ length: times }, (_, index) => call(index)));
}

/** How often each value occurs. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
