/** The state of the caller, as a condition of what it changes. */
import { revokedMeanwhile } from "../domain/problems.ts";
import type { Key } from "../runtime/key.ts";
import type { Change, Write } from "../runtime/table.ts";
import { principalStateKey } from "./principal-key.ts";
import type { Principal } from "./principal.ts";

/**
 * The change on the condition that the caller is still active and, if it is a user, still has its role. Without it, a request
 * that was let in before its caller was demoted, suspended or deleted could take effect after that was answered.
 *
 * A change of the caller's own state is left as it is, because no transaction may name an item twice.
 */
export function whileCallerUnchanged(principal: Principal, change: Change): Change {
  const key = principalStateKey(principal.id);
  const isOwnState = change.some((write) => "update" in write && write.update.pk === key.pk);
  return change.length === 0 || isOwnState ? change : [callerUnchanged(principal, key), ...change];
}

function callerUnchanged(principal: Principal, key: Key): Write {
  const isUser = principal.kind === "user";
  return {
    check: key,
    condition: {
      expression: isUser ? "#status = :callerActive AND #role = :callerRole" : "#status = :callerActive",
      names: { "#status": "status", ...(isUser && { "#role": "role" }) },
      values: { ":callerActive": "active", ...(isUser && { ":callerRole": principal.role }) },
    },
    onConditionFailed: revokedMeanwhile,
  };
}
