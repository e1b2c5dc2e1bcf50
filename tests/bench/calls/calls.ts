/**
 * `npm run bench -- calls [--operations ID,ID] [--profile]`: what a warm call costs in process, beside the calls to the table that
 * it must make, sent by the bare document client with the same settings. Both get the same recorded answers, in turns, in one run.
 * Every call is a successful one.
 */
import { fork } from "node:child_process";
import { join } from "node:path";
import { entryPointOf } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import { withLocalAssembly } from "../../../infra/checks/throwaway-host.ts";
import { median, row, table } from "../report.ts";
import { costsByMemory } from "./memory.ts";
import type { Figures, FromProcess, Measurement, ToProcess } from "./measured-process.ts";
import { recordOperations, type RecordedInvocation } from "./recorded-operations.ts";
import { ReplayServer } from "./replay-server.ts";

export interface CallOptions {
  /** Ids of operations, or `authorizer`; default all. */
  readonly only?: readonly string[];
  readonly profile: boolean;
}

const rounds = 5;
const callsPerRound = 200;
/** A hash takes as long as fifty other calls. */
const hashingCallsPerRound = 20;

/** A call costs at most this many times what its bare calls cost. */
const targets = { operation: 1.25, authorizer: 1.3 } as const;

/** They hash a password, which costs more than everything else: their declarations ask for more memory. */
const hashing = new Set<string>(operations.filter((one) => one.memoryMegabytes !== undefined).map(({ id }) => id));

interface Row {
  readonly name: string;
  readonly tableCalls: number;
  readonly figures: Figures;
}

/** @returns whether every measured operation is within its target */
export async function benchCalls({ only, profile }: CallOptions): Promise<boolean> {
  const all: readonly string[] = ["authorizer", ...operations.map(({ id }) => id)];
  const unknown = only?.filter((name) => !all.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no operation ${unknown.join(", ")}`);
  return await withLocalAssembly(async (assembly) => {
    const recorded = await recordOperations(assembly);
    const chosen = all.filter((name) => only === undefined || only.includes(name));
    const rows: Row[] = [];
    for (const name of chosen) rows.push(await measure(name, recorded.get(name) as RecordedInvocation, profile));
    return report(rows);
  });
}

async function measure(name: string, invocation: RecordedInvocation, profile: boolean): Promise<Row> {
  const { model, environment, event, at, status, exchanges } = invocation;
  const replay = await ReplayServer.start(exchanges);
  try {
    const operation = operations.find(({ id }) => id === name);
    const entryPoint = operation === undefined ? name : entryPointOf(operation);
    const measurement: Measurement = {
      bundle: join(model.folder, "index.mjs"),
      sourceMap: join(import.meta.dirname, "../../../dist/source-maps", ...`${entryPoint}.mjs.map`.split("/")),
      event,
      at,
      status,
      rounds,
      callsPerRound: hashing.has(name) ? hashingCallsPerRound : callsPerRound,
      profile,
    };
    const [figures, tableCalls] = await inProcess({ ...environment, ...endpoints(replay.url) }, measurement, replay);
    return { name, tableCalls, figures };
  } finally {
    await replay.close();
  }
}

const endpoints = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_ENDPOINT_URL_DYNAMODB: url,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
});

/** @returns the figures, and how many calls to the table a warm call makes */
async function inProcess(
  env: Readonly<Record<string, string>>,
  measurement: Measurement,
  replay: ReplayServer,
): Promise<readonly [Figures, tableCalls: number]> {
  const child = fork(join(import.meta.dirname, "measured-process.ts"), {
    env,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const answer = async (): Promise<FromProcess> =>
    await new Promise((settle) => {
      child.once("message", settle);
      child.once("exit", (code) => settle({ error: `the measured process ended with ${code}` }));
    });
  const ask = async (message: Measurement | ToProcess): Promise<FromProcess> => {
    const answered = answer();
    child.send(message);
    const result = await answered;
    if ("error" in result) throw new Error(result.error);
    return result;
  };
  await ask(measurement);
  const recorded = await replay.requestsDuring(async () => await ask({ next: "call" }));
  const { figures } = (await ask({ next: "measure", recorded })) as { readonly figures: Figures };
  return [figures, recorded.length];
}

const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;

/** Undefined for a call that asks nothing of the table. */
function ratioOf({ tableCalls, figures: { call, bare } }: Row): number | undefined {
  return tableCalls === 0 ? undefined : median(call.cpu) / median(bare.cpu);
}

function reportMemory(rows: readonly Row[]): void {
  const lines = rows.map(({ name, tableCalls, figures }) => {
    const costs = costsByMemory(median(figures.call.cpu), tableCalls);
    const cells = costs.map((one) => `${one.milliseconds.toFixed(0)} ms, $${one.dollarsPerMillion.toFixed(3)}`);
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  const heads = costsByMemory(0, 0).map(({ megabytes }) => `${megabytes} MB`);
  table("Duration and price of a million calls by memory", ["operation", ...heads].join(" | "), lines);
}

function report(rows: readonly Row[]): boolean {
  const heads = ["operation", "calls to the table", "CPU ms", "wall ms", "bare CPU ms", "ratio"];
  table(
    `Warm calls in process, ${rounds} rounds of ${callsPerRound}, with a hash of ${hashingCallsPerRound}, in turns: median (least to most)`,
    heads.join(" | "),
    [
      ...rows.map((each) => {
        const { name, tableCalls, figures } = each;
        const { call, bare } = figures;
        const ratio = ratioOf(each)?.toFixed(2) ?? "";
        return `| ${[name, tableCalls, spread(call.cpu), median(call.wall).toFixed(2), tableCalls === 0 ? "" : spread(bare.cpu), ratio].join(" | ")} |`;
      }),
    ],
  );
  reportMemory(rows);
  for (const { name, figures } of rows) {
    if (figures.modules === undefined) continue;
    const shares = figures.modules.slice(0, 20).map((share) => row(share.name, `${share.percent.toFixed(1)} %`));
    table(`CPU time of ${name} by module`, "", shares);
  }
  return rows.every((each) => {
    const target = each.name === "authorizer" ? targets.authorizer : targets.operation;
    return hashing.has(each.name) || (ratioOf(each) ?? 0) <= target;
  });
}
