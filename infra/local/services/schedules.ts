/** Stands in for the schedules of EventBridge: rules that invoke a function at a rate. */
import { randomUUID } from "node:crypto";
import type { Invocation } from "../lambda/function-pool.ts";
import { LocalHostError } from "../support/errors.ts";
import type { DeploymentModel, ScheduleModel } from "../template/deployment-model.ts";

/**
 * Runs a schedule once.
 *
 * @param name of its rule
 * @throws LocalHostError when the template has no such schedule
 */
export async function runSchedule(
  name: string,
  { schedules, region, accountId }: Pick<DeploymentModel, "schedules" | "region" | "accountId">,
  invoke: (functionId: string, event: unknown) => Promise<Invocation>,
): Promise<Invocation> {
  const schedule = schedules.find((one) => one.name === name);
  if (schedule === undefined) throw new LocalHostError(`the template has no schedule ${name}`);
  return await invoke(schedule.functionId, {
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: accountId,
    time: new Date().toISOString(),
    region,
    resources: [schedule.ruleArn],
    detail: {},
  });
}

/** What makes time pass. */
export interface Clock {
  /** @returns stops it */
  every(minutes: number, run: () => void): () => void;
}

const systemClock: Clock = {
  every(minutes, run) {
    const timer = setInterval(run, minutes * 60_000).unref();
    return () => clearInterval(timer);
  },
};

/** Runs schedules by the clock. As with EventBridge, the first run comes when the rate has passed once. */
export class ScheduleTimers {
  readonly #run: (schedule: ScheduleModel) => Promise<void>;
  readonly #clock: Clock;
  #stops: readonly (() => void)[] = [];

  constructor(run: (schedule: ScheduleModel) => Promise<void>, clock: Clock = systemClock) {
    this.#run = run;
    this.#clock = clock;
  }

  /** Runs these schedules from now on, and no others. */
  start(schedules: readonly ScheduleModel[]): void {
    this.stop();
    this.#stops = schedules.map((schedule) => this.#clock.every(schedule.everyMinutes, () => void this.#run(schedule)));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }
}
