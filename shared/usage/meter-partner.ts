/** Counts one call of a partner, and decides whether it is within the partner's limits. */
import { toLimitText } from "../contract/limit-state.ts";
import type { Principal } from "../contract/principal.ts";
import { CallMeter, type Counters } from "../limits/meter-calls.ts";
import { takeLease } from "../limits/take-lease.ts";
import { syntheticPartnerId } from "../partners/synthetic-partner.ts";
import { defaultLimitsOf, type Environment } from "../runtime/environment.ts";
import { describeCause } from "../runtime/log-error.ts";
import { log } from "../runtime/log.ts";
import type { Table } from "../runtime/table.ts";
import { addCalls } from "./add-calls.ts";
import { CallCounts, type CountedCalls } from "./call-counts.ts";
import { shardsOfAll } from "./keys.ts";
import { refusedName, requestsName, usagePath } from "./model.ts";

/** Of the process: leases and counts outlive the calls that make them. */
const meter = new CallMeter();
const callCounts = new CallCounts();

/**
 * The calls of all partners together. A process stays with one shard, so it adds to one item, at most once in five seconds; a
 * shard takes a thousand of these a second.
 */
const totals = new CallCounts();
const shard = shardsOfAll[Math.floor(Math.random() * shardsOfAll.length)] ?? "";

/** A call, and where it is counted. */
export interface MeteredRequest {
  readonly requestId: string;
  /** Method and path of the operation: `GET /v1/subscriptions`. */
  readonly route: string;
  readonly environment: Environment;
  /** Its deadline is short: a failure of the counters must not become a failure of the API. */
  readonly table: Table;
  /** Milliseconds of the epoch. */
  readonly now: number;
}

/** The metering of one call. Users are not metered. */
export class PartnerMetering {
  readonly #request: MeteredRequest;
  readonly #counters: Counters;
  #partnerId: string | undefined;
  #begun: Promise<unknown> | undefined;

  constructor(request: MeteredRequest) {
    const { table, requestId } = request;
    this.#request = request;
    this.#counters = {
      takeLease: (partnerId, leased) => takeLease(table, partnerId, leased),
      onFailure: (error) =>
        log("error", "limits_unavailable", {
          requestId,
          operation: "authorizer",
          ...describeCause(error),
        }),
    };
  }

  /**
   * Counts the call and does what the table has to hear of, while the caller is still being authenticated: so it costs no round trip
   * more.
   */
  readonly begin = ({ kind, id: partnerId }: Principal): void => {
    if (kind !== "partner") return;
    const { route, now, table } = this.#request;
    this.#partnerId = partnerId;
    this.#count(1);
    const add = (id: string, calls: CountedCalls) => addCalls(table, id, calls);
    // Who reads the usage sees at least what this process has counted.
    const options = { atOnce: route === `GET ${usagePath}` };
    const sent = Promise.all([callCounts.send(partnerId, now, add, options), totals.send(shard, now, add, options)]);
    this.#begun = Promise.all([
      meter.prepare(partnerId, now, this.#counters),
      sent.catch((error: unknown) => {
        this.#counters.onFailure(error);
      }),
    ]);
  };

  /** Takes the call back: it was refused before it could count. */
  async takeBack(): Promise<void> {
    await this.#begun;
    this.#count(-1);
  }

  /**
   * Decides on the call.
   *
   * @returns how it stands against the limits, as the operation hears it; empty for a user
   */
  async conclude(principal: Principal): Promise<string> {
    if (principal.kind !== "partner") return "";
    await this.#begun;
    const { environment, now } = this.#request;
    const limits = principal.limits ?? defaultLimitsOf(environment);
    const state = await meter.admit({ partnerId: principal.id, limits, now }, this.#counters);
    const isRefused = state.refusal !== undefined;
    if (isRefused) {
      callCounts.count({ partnerId: principal.id, name: this.#request.route, now }, -1);
      callCounts.count({ partnerId: principal.id, name: refusedName, now });
    }
    const isTest = principal.testClock !== undefined;
    if (isRefused || isTest) this.#countForAll(requestsName, -1);
    if (isRefused && !isTest) this.#countForAll(refusedName, 1);
    return toLimitText(state);
  }

  #count(change: 1 | -1): void {
    const { route, now } = this.#request;
    if (this.#partnerId === undefined) return;
    callCounts.count({ partnerId: this.#partnerId, name: route, now }, change);
    this.#countForAll(requestsName, change);
  }

  /** What the synthetic partner calls to test the API is no use of it. */
  #countForAll(name: string, change: 1 | -1): void {
    if (this.#partnerId === syntheticPartnerId) return;
    totals.count({ partnerId: shard, name, now: this.#request.now }, change);
  }
}
