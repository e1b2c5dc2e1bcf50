/**
 * The write stop: an operator makes a stage read-only before a restore or a migration. The switch is a stage variable of API
 * Gateway, because it reaches every function with the event: it costs no read, and no process caches it.
 */

/** The stage variable that makes a stage read-only. */
export const writeStopVariable = "readOnly";

/** Its value while the stage is read-only; without the variable, or with any other value, the stage takes writes. */
export const writeStopped = "on";
export const writesTaken = "off";

/** The part of an event of API Gateway that says whether the stage is read-only. */
interface StageEvent {
  readonly stageVariables?: Readonly<Record<string, string | undefined>> | null;
}

/** Whether the stage that sent this event is read-only. */
export function isReadOnly({ stageVariables }: StageEvent): boolean {
  return stageVariables?.[writeStopVariable] === writeStopped;
}
