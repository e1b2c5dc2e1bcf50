/** How long a function may take to initialise. */
import { LocalHostError } from "../support/errors.ts";

/** Lambda's limit. */
export const lambdaInitSeconds = 10;

/** A busy machine needs a longer limit than Lambda's. */
const variable = "PORTICO_INIT_SECONDS";

/**
 * The limit of this machine: `PORTICO_INIT_SECONDS`, or Lambda's.
 *
 * @throws LocalHostError when the variable is no number from 1 to 600
 */
export function initSecondsOf(environment: NodeJS.ProcessEnv): number {
  const given = environment[variable];
  if (given === undefined || given === "") return lambdaInitSeconds;
  const seconds = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (seconds < 1 || seconds > 600) throw new LocalHostError(`${variable} must be a whole number from 1 to 600`);
  return seconds;
}
