/**
 * `npm run request -- ID`: tells everything of one request to the running host, by the `x-request-id` of its answer, and prints
 * the query that does it on AWS.
 */
import { requestQuery } from "../../constructs/operations/request-query.ts";
import type { JournalEntry } from "../services/request-journal.ts";
import { LocalHostError } from "../support/errors.ts";
import { giveOrder, runOrder } from "./control.ts";

/** The request as lines for people. @param names ARN of a function → its name */
export function requestReport(
  { access, invocations, calls, lines }: JournalEntry,
  names: Readonly<Record<string, string>>,
): readonly string[] {
  const time = (milliseconds: number) => `${milliseconds.toFixed(0)} ms`.padStart(8);
  const nameOf = (functionId: string) => names[functionId] ?? functionId;
  return [
    ...(access === undefined ? ["The answer is not complete yet."] : accessLines(access)),
    ...(invocations.length === 0 ? ["No function was invoked."] : ["", "Functions, and their calls"]),
    ...invocations.flatMap(({ functionId, milliseconds, result }) => [
      `  ${time(milliseconds)}  ${nameOf(functionId)}  ${result}`,
      ...calls
        .filter((call) => call.functionId === functionId)
        .map((call) => `    ${time(call.milliseconds)}  ${call.action}  ${call.subjects.join(", ")}  ${call.result}`),
    ]),
    ...(lines.length === 0 ? [] : ["", "Log lines", ...lines.map((line) => `  ${line}`)]),
  ];
}

function accessLines(access: NonNullable<JournalEntry["access"]>): readonly string[] {
  const { time, method, path, resource, status, latencyMilliseconds, gatewayError } = access;
  return [
    `${method} ${path}: ${status} in ${latencyMilliseconds} ms, at ${time}`,
    resource === undefined ? "  No route of the API has this method and path." : `  Route: ${method} ${resource}`,
    gatewayError === undefined
      ? "  A function gave the answer."
      : `  API Gateway gave the answer itself: ${gatewayError}`,
  ];
}

/** How to ask AWS for the same. */
function awsLines(requestId: string): readonly string[] {
  return [
    "",
    "On AWS, in CloudWatch Logs Insights, on the log groups that begin with /portico/STAGE/:",
    `  ${requestQuery(requestId).join("\n  | ")}`,
  ];
}

if (import.meta.main) {
  await runOrder(async () => {
    const [requestId = "", ...rest] = process.argv.slice(2);
    if (rest.length > 0 || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId)) {
      throw new LocalHostError(
        "name the x-request-id of an answer: npm run request -- 1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f",
      );
    }
    try {
      const { entry, names } = await giveOrder("request", { requestId });
      if (entry === null) throw new LocalHostError(`the running host has no request ${requestId} among its last 1,000`);
      console.log(requestReport(entry, names).join("\n"));
    } finally {
      console.log(awsLines(requestId).join("\n"));
    }
  });
}
