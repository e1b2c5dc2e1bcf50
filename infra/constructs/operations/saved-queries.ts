/** Saved Logs Insights queries for the people on call. */
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { syntheticPartnerId } from "../../../shared/partners/synthetic-partner.ts";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf, firewallLogName, logGroupNameOf } from "../names.ts";
import { requestQuery } from "./request-query.ts";

/** The partners and users with the most calls, from the access log, which contains the calls of all functions. */
export const topTalkers = [
  `filter principal not in ['-', '${syntheticPartnerId}']`,
  "stats count(*) as calls, sum(status >= 500) as failed, sum(status = 429) as refused by principal",
  "sort calls desc",
  "limit 20",
] as const;

interface SavedQuery {
  readonly name: string;
  readonly lines: readonly string[];
  /** The only log that the query needs. Absent: it needs all logs of the stage. */
  readonly of?: "access" | "firewall";
}

const savedQueries: readonly SavedQuery[] = [
  { name: "Top talkers", of: "access", lines: topTalkers },
  {
    name: "What the gateway refused",
    of: "access",
    lines: [
      "filter gatewayError != '-'",
      "stats count(*) as calls by gatewayError, status, method, resource",
      "sort calls desc",
    ],
  },
  {
    name: "What the firewall blocked",
    of: "firewall",
    lines: [
      "fields ruleGroupList.0.terminatingRule.ruleId as managedRule",
      "stats count(*) as calls, latest(httpRequest.requestId) as requestId by terminatingRuleId, managedRule, httpRequest.clientIp",
      "sort calls desc",
      "limit 50",
    ],
  },
  {
    name: "Errors by operation",
    lines: [
      "filter code = 'request_served' and status >= 400",
      "stats count(*) as calls by operation, status, problem",
      "sort status desc, calls desc",
    ],
  },
  {
    name: "Partners at their limits",
    lines: [
      "filter code = 'request_served' and problem in ['rate_limited', 'quota_exceeded']",
      "stats count(*) as refused by principalId, problem, bin(1h)",
      "sort refused desc",
    ],
  },
  {
    name: "Who tried what on one object",
    lines: [
      "filter targetId like 'PUT-THE-ID-HERE'",
      "fields @timestamp, code, operation, principalId, status, problem, reason, network, requestId",
      "sort @timestamp desc",
    ],
  },
  {
    name: "Refreshes repeated from another network",
    lines: [
      "filter code = 'refresh_token_repeated'",
      "stats count(*) as times, count_distinct(network) as networks by principalId",
      "sort times desc",
    ],
  },
  {
    name: "Everything of one request",
    lines: requestQuery("PUT-THE-REQUEST-ID-HERE"),
  },
];

/**
 * The query text names no log groups: the API and the CLI support `SOURCE`, but the console refuses it. Queries on a
 * single log have its log group attached. The others run on all log groups of the stage, selected by prefix, because a
 * list may have at most 50 entries.
 */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const logGroups = { access: logGroupNameOf(stage, "access"), firewall: firewallLogName(apiNameOf(stage)) };
    for (const { name, lines, of } of savedQueries) {
      if (of === "firewall" && !stage.waf) continue;
      new CfnQueryDefinition(this, name.replaceAll(" ", ""), {
        name: `Portico/${stage.name}/${name}`,
        queryString: lines.join("\n| "),
        ...(of !== undefined && { logGroupNames: [logGroups[of]] }),
      });
    }
  }
}
