/** Saved Logs Insights queries for the people on call. */
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { logGroupNameOf } from "../names.ts";

/** The principals with the most calls, from the access log, which contains the calls of all functions. */
export const topTalkers = [
  "filter principal != '-'",
  "stats count(*) as calls, sum(status >= 500) as failed, sum(status = 429) as refused by principal",
  "sort calls desc",
  "limit 20",
] as const;

interface SavedQuery {
  readonly name: string;
  readonly lines: readonly string[];
  /** Whether the query only needs the access log. */
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
    name: "Everything of one request",
    ofAccessLog: false,
    lines: ["fields @timestamp, @log, @message", "filter requestId = 'PUT-THE-REQUEST-ID-HERE'", "sort @timestamp asc"],
  },
];

/**
 * The query text names no log groups: the API and the CLI support `SOURCE`, but the console refuses it. Queries on
 * the access log have that log group attached. The others run on all log groups of the stage, selected by prefix,
 * because a list may have at most 50 entries.
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
