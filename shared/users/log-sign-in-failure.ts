/** Logs the refused proofs of a person's identity: a wrong password, a wrong code, too many of either. */
import { loggedNetworkOf } from "../domain/network.ts";
import { Problem, type ProblemCode } from "../domain/problems.ts";
import { log } from "../runtime/log.ts";

/** What is known of a request in which somebody proves its identity. */
export interface SignInContext {
  readonly now: Date;
  readonly requestId: string;
  /** The caller's network address. */
  readonly sourceIp: string;
}

/** What is logged of a failure. */
interface Failure {
  /** Known when the check has ended. No id for an unknown name, which is not logged: it may be a password in the wrong field. */
  readonly target: { readonly targetId?: string | undefined };
  readonly reason: ProblemCode;
}

/** Logs a failure with its target and the network that it comes from. An undefined result is a failure. */
export async function loggingFailure<Result>(
  { target, reason }: Failure,
  { requestId, sourceIp }: Pick<SignInContext, "requestId" | "sourceIp">,
  check: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const logFailure = (logged: ProblemCode) =>
    log("warn", "sign_in_failed", { requestId, reason: logged, ...target, network: loggedNetworkOf(sourceIp) });
  try {
    const result = await check();
    if (result === undefined) logFailure(reason);
    return result;
  } catch (error) {
    if (error instanceof Problem && error.code === "too_many_attempts") logFailure(error.code);
    throw error;
  }
}
