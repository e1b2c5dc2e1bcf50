/** Queries of Logs Insights that are saved for the people on call. */
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { logGroupNameOf } from "../names.ts";

/** Who calls most, from the access log: it has every call, whichever function served it. */
export const topTalkers = [
  "filter principal != '-'",
  "stats count(*) as calls, sum(status >= 500) as failed, sum(status = 429) as refused by principal",
  "sort calls desc",
  "limit 20",
] as const;

interface SavedQuery {
  readonly name: string;
  readonly lines: readonly string[];
  /** Whether the access log alone answers it. */
  readonly ofAccessLog: boolean;
}

const savedQueries: readonly SavedQuery[] = [
  { name: "Top talkers", ofAccessLog: true, lines: topTalkers },
  {
    name: "What the gateway refused",
    ofAccessLog: true,
    lines: [
      "filter gatewayError != '-'",
      "stats count(*) as calls by gatewayError, status, method, resource",
      "sort calls desc",
    ],
  },
  {
    name: "Errors by operation",
    ofAccessLog: false,
    lines: [
      "filter code = 'request_served' and status >= 400",
      "stats count(*) as calls by operation, status, problem",
      "sort status desc, calls desc",
    ],
  },
  {
    name: "Who tried what on one object",
    ofAccessLog: false,
    lines: [
      "filter targetId like 'PUT-THE-ID-HERE'",
      "fields @timestamp, code, operation, principalId, status, problem, reason, network, requestId",
      "sort @timestamp desc",
    ],
  },
  {
    name: "Refreshes repeated from another network",
    ofAccessLog: false,
    lines: [
      "filter code = 'refresh_token_repeated'",
      "stats count(*) as times, count_distinct(network) as networks by principalId",
      "sort times desc",
    ],
  },
  {
    name: "Everything of one request",
    ofAccessLog: false,
    lines: ["fields @timestamp, @log, @message", "filter requestId = 'PUT-THE-REQUEST-ID-HERE'", "sort @timestamp asc"],
  },
];

/**
 * The queries name no log groups in their text: `SOURCE` is for the API and the CLI only, and the console refuses it. Those of
 * the access log have it attached. The others are run on all log groups of the stage, which are chosen by prefix: a list would
 * hold 50 at most.
 */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    for (const { name, lines, ofAccessLog } of savedQueries) {
      new CfnQueryDefinition(this, name.replaceAll(" ", ""), {
        name: `Portico/${stage.name}/${name}`,
        queryString: lines.join("\n| "),
        ...(ofAccessLog && { logGroupNames: [logGroupNameOf(stage, "access")] }),
      });
    }
  }
}
