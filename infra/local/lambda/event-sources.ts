/** Runs the event source mappings of one deployment. */
import { availableParallelism } from "node:os";
import type { AccessControl } from "../iam/access-control.ts";
import { queueRequests, streamRequests } from "../iam/poll-rights.ts";
import type { LocalQueues } from "../services/queues.ts";
import type { DeploymentModel, StreamMappingModel } from "../template/deployment-model.ts";
import type { Invocation } from "./function-pool.ts";
import { QueuePoller } from "./queue-poller.ts";
import { StreamPoller } from "./stream-poller.ts";
import type { StreamPositions } from "./stream-positions.ts";

export interface EventSourcesOptions {
  readonly model: DeploymentModel;
  readonly engineEndpoint: string;
  readonly access: AccessControl;
  readonly queues: LocalQueues;
  readonly positions: StreamPositions;
  readonly invoke: (functionId: string, event: unknown) => Promise<Invocation>;
  /** Maximum number of processes of a function. */
  readonly processesPerFunction: number | undefined;
  readonly report: (line: string) => void;
}

export class EventSources {
  readonly #streams: readonly StreamPoller[];
  readonly #queues: readonly QueuePoller[];

  constructor(options: EventSourcesOptions) {
    const { model, access, queues, invoke } = options;
    this.#streams = model.streamMappings.map((mapping) => streamPoller(mapping, options));
    const maxInvocations = options.processesPerFunction ?? Math.max(2, availableParallelism());
    this.#queues = model.queueMappings.map((mapping) => {
      const denied = (): string | undefined => access.judgeLambda(mapping.functionId, queueRequests(mapping));
      return new QueuePoller({ mapping, queues, region: model.region, maxInvocations, invoke, denied });
    });
  }

  start(): void {
    for (const poller of [...this.#streams, ...this.#queues]) poller.start();
  }

  /** Tells that a table may have changed. */
  wake(): void {
    for (const poller of this.#streams) poller.wake();
  }

  /** Reads nothing more, and waits for the running invocations. */
  async stop(): Promise<void> {
    await Promise.all([...this.#streams, ...this.#queues].map((poller) => poller.stop()));
  }
}

function streamPoller(mapping: StreamMappingModel, options: EventSourcesOptions): StreamPoller {
  const { model, engineEndpoint, access, queues, positions, invoke, report } = options;
  return new StreamPoller({
    mapping,
    engineEndpoint,
    region: model.region,
    positions,
    invoke,
    report,
    denied: () => access.judgeLambda(mapping.functionId, streamRequests(mapping)),
    sendFailure: (queueName, body) => queues.send(queueName, body),
  });
}
