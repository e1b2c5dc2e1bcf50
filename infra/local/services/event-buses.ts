/** Stands in for EventBridge: the buses of the template take events, keep the last ones for tests, and invoke the rules' functions. */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { BusModel, BusRuleModel, DeploymentModel } from "../template/deployment-model.ts";
import type { QueueAnswer } from "./queues.ts";

/** An event as rules and their functions get it. */
export interface BusEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

const maxKept = 1000;
const maxEntries = 10;
/** EventBridge's limit for all entries of a request. */
const maxBytes = 262_144;

const entrySchema = z.strictObject({
  EventBusName: z.string(),
  Source: z.string().min(1),
  DetailType: z.string().min(1),
  Detail: z.string(),
  Resources: z.array(z.string()).default([]),
  /** Seconds since the epoch, as the SDK sends it. */
  Time: z.number().optional(),
});
const requestSchema = z.strictObject({ Entries: z.array(entrySchema).min(1).max(maxEntries) });
type Entry = z.output<typeof entrySchema>;

type Surroundings = Pick<DeploymentModel, "region" | "accountId">;

/** The name in the name or ARN of a bus. */
export function busNameIn(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
}

export class LocalEventBuses {
  readonly #invoke: (rule: BusRuleModel, event: BusEvent) => void;
  #model: Surroundings = { region: "", accountId: "" };
  #rules: readonly BusRuleModel[] = [];
  readonly #kept = new Map<string, BusEvent[]>();

  /** @param invoke runs a rule's function, as EventBridge does asynchronously */
  constructor(invoke: (rule: BusRuleModel, event: BusEvent) => void) {
    this.#invoke = invoke;
  }

  /** Makes the buses of a template. A bus that was there keeps its events. */
  ensure(model: Surroundings, buses: readonly BusModel[], rules: readonly BusRuleModel[]): void {
    this.#model = model;
    this.#rules = rules;
    for (const { name } of buses) if (!this.#kept.has(name)) this.#kept.set(name, []);
  }

  /** The last events of a bus, the oldest first. */
  events(name: string): readonly BusEvent[] {
    return this.#kept.get(name) ?? [];
  }

  /** Answers one call as EventBridge does, errors included. */
  answer(action: string, request: Readonly<Record<string, unknown>>): QueueAnswer {
    if (action !== "PutEvents") {
      const message = `the local EventBridge does not know ${action}`;
      return { status: 400, body: { __type: "UnknownOperationException", message } };
    }
    const { data, error } = requestSchema.safeParse(request);
    if (data === undefined) {
      const [issue] = error.issues;
      const message = `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`;
      return { status: 400, body: { __type: "ValidationException", message } };
    }
    const bytes = data.Entries.reduce((sum, { Detail }) => sum + Buffer.byteLength(Detail), 0);
    if (bytes > maxBytes) {
      return {
        status: 400,
        body: { __type: "ValidationException", message: "Total size of the entries in the request is over the limit." },
      };
    }
    const Entries = data.Entries.map((entry) => this.#put(entry));
    return { status: 200, body: { Entries, FailedEntryCount: Entries.filter((one) => "ErrorCode" in one).length } };
  }

  #put({ EventBusName, Source, DetailType, Detail, Resources, Time }: Entry): Readonly<Record<string, string>> {
    const name = busNameIn(EventBusName);
    const kept = this.#kept.get(name);
    // AWS accepts an event for a bus that does not exist, and drops it. Here it is a mistake.
    if (kept === undefined) return { ErrorCode: "NotFound", ErrorMessage: `the template has no event bus ${name}` };
    const detail = parsedObject(Detail);
    if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
    const event: BusEvent = {
      version: "0",
      id: randomUUID(),
      "detail-type": DetailType,
      source: Source,
      account: this.#model.accountId,
      time: new Date(Time === undefined ? Date.now() : Time * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
      region: this.#model.region,
      resources: Resources,
      detail,
    };
    kept.push(event);
    if (kept.length > maxKept) kept.shift();
    for (const rule of this.#rules) if (rule.busName === name && rule.matches(event)) this.#invoke(rule, event);
    return { EventId: event.id };
  }
}

function parsedObject(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
