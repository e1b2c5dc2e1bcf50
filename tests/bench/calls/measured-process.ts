/**
 * One function in a process of its own: its calls and the bare client's, in turns. The parent sends a `Measurement` and gets its
 * `Figures`. Arguments of Node.js and environment are those of the function.
 */
import { randomUUID } from "node:crypto";
import { bareCall, createDocumentClient, type RecordedCall } from "./bare-calls.ts";
import { profiling, type ModuleShare } from "./profile.ts";

export interface Measurement {
  /** Absolute path of the bundle. */
  readonly bundle: string;
  /** Absolute path of its source map. */
  readonly sourceMap: string;
  readonly event: unknown;
  readonly recorded: readonly RecordedCall[];
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

async function measure(measurement: Measurement): Promise<Figures> {
  const { bundle, sourceMap, event, recorded, rounds, callsPerRound, profile } = measurement;
  const { handler } = (await import(bundle)) as { readonly handler: Handler };
  // Log lines go to the parent, which drops them; writing them is a part of the call.
  const call = () => handler(event, context());
  const client = createDocumentClient();
  const sends = recorded.map(bareCall);
  const bare = async () => {
    for (const send of sends) await send(client);
  };
  await cost(callsPerRound, call);
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

process.once("message", (measurement: Measurement) => {
  void measure(measurement).then(
    (figures) => process.send?.({ figures }, undefined, undefined, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: String(error) }, undefined, undefined, () => process.exit(1)),
  );
});
