// Node's environment with the hosts of this process: see hosts.ts. Test files reach them as `globalThis.hosts`.
import { TestEnvironment } from "jest-environment-node";
import { hosts } from "./hosts.ts";

/** What Jest sends to a worker that it no longer needs (`CHILD_MESSAGE_END` of jest-worker). */
const workerEnds = 2;

process.on("message", ([kind]) => {
  // A running host would keep the worker alive. Its processes and folders end with this one.
  if (kind === workerEnds) process.exit();
});

// Nor does it outlive a run that was killed.
process.once("disconnect", () => process.exit());

export default class HostEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.hosts = hosts;
  }
}
