/**
 * One function in a process of its own: its calls and the bare client's, in turns. The parent sends a `Measurement`, asks for one
 * call to see what a warm one asks of the table, and then for the `Figures`. Arguments of Node.js and environment are those of the
 * function.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { bareCall, createDocumentClient, type RecordedCall } from "./bare-calls.ts";
import { profiling, type ModuleShare } from "./profile.ts";

export interface Measurement {
  /** Absolute path of the bundle. */
  readonly bundle: string;
  /** Absolute path of its source map. */
  readonly sourceMap: string;
  readonly event: unknown;
  /** When the event was recorded, in milliseconds of the epoch. */
  readonly at: number;
  /** What the function answered; undefined for the authorizer. */
  readonly status: number | undefined;
  readonly rounds: number;
  readonly callsPerRound: number;
  readonly profile: boolean;
}

/** Milliseconds per call, one value for each round. */
export interface Cost {
  readonly cpu: readonly number[];
  readonly wall: readonly number[];
}

export interface Figures {
  readonly call: Cost;
  readonly bare: Cost;
  /** With `profile` only. */
  readonly modules?: readonly ModuleShare[];
}

/** What the parent asks for, once the function is warm. */
export type ToProcess =
  | { readonly next: "call" }
  /** `recorded` is what a call asks of the table. */
  | { readonly next: "measure"; readonly recorded: readonly RecordedCall[] };

export type FromProcess = { readonly done: true } | { readonly figures: Figures } | { readonly error: string };

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const secondsLeft = 25;

/** The part of Lambda's context that functions use. */
const context = () => {
  const end = Date.now() + secondsLeft * 1000;
  return { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => end - Date.now() };
};

async function cost(calls: number, call: () => Promise<unknown>): Promise<{ cpu: number; wall: number }> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  for (let done = 0; done < calls; done++) await call();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1000 / calls, wall: (performance.now() - wall) / calls };
}

/** Sets the clock of this process back to the recording: a one-time code is right for half a minute. */
function setClock(at: number): void {
  const System = Date;
  const ahead = System.now() - at;
  globalThis.Date = class extends System {
    constructor(...values: readonly []) {
      super(...(values.length === 0 ? ([System.now() - ahead] as unknown as []) : values));
    }

    static override now(): number {
      return System.now() - ahead;
    }
  } as DateConstructor;
}

/** Loads the function and warms it. @returns a call @throws Error where the answer differs from the recorded one */
async function load({ bundle, event, at, status, callsPerRound }: Measurement): Promise<() => Promise<void>> {
  setClock(at);
  const { handler } = (await import(bundle)) as { readonly handler: Handler };
  // Log lines go to the parent, which drops them; writing them is a part of the call.
  const call = async () => {
    const answer = (await handler(event, context())) as { readonly statusCode?: number; readonly body?: string };
    if (answer.statusCode !== status) throw new Error(`${bundle} answers ${answer.statusCode}: ${answer.body}`);
  };
  await cost(callsPerRound, call);
  return call;
}

async function measure(
  { sourceMap, rounds, callsPerRound, profile }: Measurement,
  call: () => Promise<void>,
  recorded: readonly RecordedCall[],
): Promise<Figures> {
  const client = createDocumentClient();
  const sends = recorded.map(bareCall);
  const bare = async () => {
    for (const send of sends) await send(client);
  };
  await cost(callsPerRound, bare);
  const [calls, bares] = [
    { cpu: [], wall: [] },
    { cpu: [], wall: [] },
  ] as [Mutable, Mutable];
  for (let round = 0; round < rounds; round++) {
    add(calls, await cost(callsPerRound, call));
    add(bares, await cost(callsPerRound, bare));
  }
  const modules = profile ? await profiling(sourceMap, () => cost(callsPerRound, call)) : undefined;
  return { call: calls, bare: bares, ...(modules && { modules }) };
}

interface Mutable {
  readonly cpu: number[];
  readonly wall: number[];
}

function add({ cpu, wall }: Mutable, round: { readonly cpu: number; readonly wall: number }): void {
  cpu.push(round.cpu);
  wall.push(round.wall);
}

async function serve(): Promise<void> {
  const next = async <Message>(): Promise<Message> => {
    const [message] = (await once(process, "message")) as [Message];
    return message;
  };
  const measurement = await next<Measurement>();
  const call = await load(measurement);
  for (;;) {
    const waiting = next<ToProcess>();
    process.send?.({ done: true } satisfies FromProcess);
    const asked = await waiting;
    if (asked.next === "measure") {
      const figures = await measure(measurement, call, asked.recorded);
      process.send?.({ figures } satisfies FromProcess);
      return;
    }
    await call();
  }
}

await serve().catch((error: unknown) => process.send?.({ error: String(error) } satisfies FromProcess));
process.disconnect();
