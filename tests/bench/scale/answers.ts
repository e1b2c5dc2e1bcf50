/** What breaks first, and when: the simulation's answers as tables in Markdown. */
import { ceilingOf, highestRate, scenarios, type Ceiling } from "./ceilings.ts";
import { largestShare, loadOf, newRandom, population, start } from "./load.ts";
import { gatewayQuota, lambdaQuota, partitionLimits, splitSeconds, tableQuota } from "./quotas.ts";
import { Simulation, type RoundResult } from "./simulate.ts";
import type { AccessTemplate, CallTemplate, Templates } from "./templates.ts";

const callRates = [100, 1000, 10_000] as const;
/** Rounds of a simulation: 25 minutes. */
const rounds = 6;

export interface Answers {
  readonly tables: Readonly<Record<"limits" | "growth" | "ceilings", string>>;
}

/** Seeded: the same templates have the same answers. */
export function answersOf(templates: Templates): Answers {
  const runs = callRates.map((callsPerSecond) => runAt(templates, callsPerSecond));
  const ceilings = scenarios.map((scenario) => ceilingOf(templates, scenario));
  return {
    tables: {
      limits: limitsTable(templates, runs, ceilings),
      growth: growthTable(runs),
      ceilings: ceilingsTable(ceilings),
    },
  };
}

interface Run {
  readonly callsPerSecond: number;
  readonly rounds: readonly RoundResult[];
}

function runAt(templates: Templates, callsPerSecond: number): Run {
  const simulation = new Simulation(newRandom(), start);
  const load = loadOf(templates, { callsPerSecond });
  return { callsPerSecond, rounds: Array.from({ length: rounds }, () => simulation.next({ load })) };
}

interface Limit {
  readonly name: string;
  /** The share of the limit that a run needs. */
  readonly share: (run: Run) => number;
}

/** The state after the table has grown. */
const settled = ({ rounds: all }: Run): RoundResult => all.at(-1) as RoundResult;

function limitsOf(templates: Templates, ceilings: readonly Ceiling[]): readonly Limit[] {
  const { calls } = templates;
  const authorized = shareOf(calls.filter(({ caller }) => caller !== undefined));
  const ofPartners = shareOf(calls.filter(({ caller }) => caller === "partner"));
  const creations = shareOf(calls.filter(({ id }) => id === "subscriptions.create"));
  const ceiling = ceilings.find(({ name }) => name === "one partner: creations")?.later ?? 0;
  const environments = lambdaQuota.concurrency * lambdaQuota.requestsPerEnvironment;
  const profiles = unitsPerCall(calls, ({ family, access }) => family.name === "PARTNERS" && access.kind === "read");
  const concurrency = (run: Run) => {
    const { authorizer, operation } = settled(run).busySeconds;
    return (run.callsPerSecond * (authorizer + operation)) / lambdaQuota.concurrency;
  };
  return [
    { name: "API Gateway: requests a second", share: (run) => run.callsPerSecond / gatewayQuota.requestsPerSecond },
    { name: "Lambda: invocations a second ¹", share: (run) => (run.callsPerSecond * (1 + authorized)) / environments },
    { name: "Lambda: invocations at once", share: concurrency },
    { name: "table: write units a second", share: (run) => settled(run).units.table.write / tableQuota.write },
    { name: "table: read units a second", share: (run) => settled(run).units.table.read / tableQuota.read },
    { name: "`gsi1`: write units a second", share: (run) => settled(run).units.gsi1.write / tableQuota.write },
    { name: "largest partner: creations ²", share: (run) => (run.callsPerSecond * creations * largestShare) / ceiling },
    {
      name: "largest partner: reads of its principal",
      share: (run) => (run.callsPerSecond * ofPartners * largestShare) / partitionLimits.read,
    },
    { name: "all partners' profiles, unsplit", share: (run) => (run.callsPerSecond * profiles) / partitionLimits.read },
    { name: "new table: its hottest partition", share: ({ rounds: [first] }) => first?.hottest.table ?? 0 },
  ];
}

const shareOf = (calls: readonly CallTemplate[]): number => calls.reduce((sum, { share }) => sum + share, 0) / 100;

/** Units of an average call. */
function unitsPerCall(calls: readonly CallTemplate[], counts: (access: AccessTemplate) => boolean): number {
  return calls.reduce((sum, { steps, share }) => {
    const accesses = steps.flat().flatMap((call) => call.accesses);
    return sum + (share / 100) * accesses.filter(counts).reduce((units, { access }) => units + access.units, 0);
  }, 0);
}

function limitsTable(templates: Templates, runs: readonly Run[], ceilings: readonly Ceiling[]): string {
  const rows = limitsOf(templates, ceilings).map(({ name, share }) => {
    const shares = runs.map(share);
    // Demand grows with the calls, so the busiest run tells where the limit is reached.
    const reachedAt = (callRates.at(-1) as number) / (shares.at(-1) as number);
    return { cells: [name, ...shares.map(percent), rounded(reachedAt)], reachedAt };
  });
  const sorted = rows.toSorted((one, other) => one.reachedAt - other.reachedAt);
  return table(
    ["limit", ...callRates.map((rate) => `${rate} calls/s`), "reached at calls/s"],
    sorted.map(({ cells }) => cells),
  );
}

function growthTable(runs: readonly Run[]): string {
  const rows = runs.flatMap(({ callsPerSecond, rounds: all }) =>
    all.map(({ arrived, answered, slowMs, partitions }, index) => [
      String(callsPerSecond),
      String((index * splitSeconds) / 60),
      percent(Math.min(1, answered / arrived)),
      `${Math.round(slowMs / 10) * 10} ms`,
      [partitions.table, partitions.gsi1, partitions.gsi2].join(", "),
    ]),
  );
  // A table that answers everything does not change.
  const telling = rows.filter(([rate, minute]) => minute === "0" || rate === String(callRates.at(-1)));
  return table(["calls/s", "minute", "answered", "99 % within", "partitions of table, `gsi1`, `gsi2`"], telling);
}

function ceilingsTable(ceilings: readonly Ceiling[]): string {
  const shown = (rate: number) => (rate === highestRate ? `${rounded(rate)} and more` : rounded(rate));
  const rows = ceilings.map(({ name, atOnce, later, limit }) => [name, shown(atOnce), shown(later), named(limit)]);
  return table(["calls with something in common", "new table", "grown table", "refused first"], rows);
}

/** `table PRINCIPAL# in conflict` as a reader likes it. */
function named(limit: string | undefined): string {
  const [, place = "", family = "", reason = ""] = /^(\S+) (\S+) (.+)$/.exec(limit ?? "") ?? [];
  return limit === undefined ? "nothing" : `\`${family}\`${place === "table" ? "" : ` in \`${place}\``}, ${reason}`;
}

const percent = (share: number): string => `${share < 0.1 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
/** Two digits: more would claim what a simulation cannot know. */
const rounded = (value: number): string => Number(value.toPrecision(2)).toLocaleString("en");

/** A table in Markdown, with columns of equal width as the formatter of the docs has them. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** The population in one sentence, for the page. */
export const populationText = `${population.partners.toLocaleString("en")} partners by Zipf's law (the largest makes ${percent(largestShare)} of the partners' calls), ${population.users.toLocaleString("en")} people, ${population.coupons} coupons and ${population.threads.toLocaleString("en")} threads`;
