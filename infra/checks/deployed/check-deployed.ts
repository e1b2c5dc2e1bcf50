/** Holds a deployed API against its contract from outside, and removes what it has made. */
import { checks, type SignIn, type Visit } from "./checks.ts";
import { BrokenPromise, Visitor } from "../../../shared/probe/visitor.ts";

export interface CheckOptions {
  /** Base of the API, without a slash at the end. */
  readonly url: string;
  /** An administrator's. */
  readonly signIn: SignIn;
  /** The release that has to answer. Default: any. */
  readonly release?: string | undefined;
  /** Takes a line for each promise. */
  readonly report: (line: string) => void;
}

/**
 * Runs every check and stops at the first promise that is not kept. What was made is removed in any case.
 *
 * @returns whether every promise was kept and nothing is left
 */
export async function checkDeployed({ url, signIn, release, report }: CheckOptions): Promise<boolean> {
  const visit: Visit = { visitor: new Visitor(url), signIn, release, made: {}, cleanUps: [] };
  const tried = async (line: string, run: () => Promise<unknown>): Promise<boolean> => {
    try {
      await run();
      report(`ok    ${line}`);
      return true;
    } catch (error) {
      // Anything else is a fault of this program: its name says enough, its message may repeat what it was given.
      report(
        `FAIL  ${line}: ${error instanceof BrokenPromise ? error.message : error instanceof Error ? error.name : typeof error}`,
      );
      return false;
    }
  };
  let isKept = true;
  for (const { promise, run } of checks) {
    isKept = await tried(promise, () => run(visit));
    if (!isKept) break;
  }
  for (const { what, run } of visit.cleanUps.reverse())
    isKept = (await tried(`${what} is removed again`, run)) && isKept;
  return isKept;
}
