/** Sandboxes and their clocks as their partners see them. */
import type { TestClock } from "../identity/model.ts";
import type { StoredPartner } from "../partners/model.ts";
import type { SandboxView, TestClockView } from "./contract.ts";

export function viewTestClock({ time, announcedTo }: TestClock): TestClockView {
  return { time, status: announcedTo === time ? "ready" : "advancing" };
}

export function viewSandbox({ id, status, createdAt }: StoredPartner, testClock: TestClock): SandboxView {
  return { id, clientId: id, status, testClock: viewTestClock(testClock), createdAt };
}
