// Node's environment with the hosts of this process: see hosts.ts. Test files reach them as `globalThis.hosts`.
import { TestEnvironment } from "jest-environment-node";
import { hosts } from "./hosts.ts";

/** What Jest sends to a worker that it no longer needs (`CHILD_MESSAGE_END` of jest-worker). */
const workerEnds = 2;

process.on("message", ([kind]) => {
  // A worker ends by itself when nothing keeps it alive, which a running host would.
  if (kind === workerEnds) void hosts.close();
});

// Nor does it outlive a run that was killed.
process.once("disconnect", () => process.exit());

export default class HostEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.hosts = hosts;
  }
}
