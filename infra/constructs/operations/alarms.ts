/** Creates the CloudWatch alarms of the declarations. */
import { CfnAlarm, CfnCompositeAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf } from "../names.ts";
import type { AlarmChannels, Severity } from "./alarm-channels.ts";
import type { AlarmDeclaration, CompositeAlarm, MetricAlarm, MetricSource } from "./alarm-declarations.ts";

/** Name of an alarm in CloudWatch: `Portico-prod-availability`. */
export function alarmNameOf(stage: Stage, name: string): string {
  return `${apiNameOf(stage)}-${name}`;
}

/** The URL of a runbook, or its path in the repository when the stage names no base URL. */
export function runbookOf(stage: Stage, runbook: string): string {
  return `${stage.operations.runbooksUrl ?? "docs/runbooks"}/${runbook}.md`;
}

interface AlarmsProps {
  readonly stage: Stage;
  readonly channels: AlarmChannels;
  readonly declarations: readonly AlarmDeclaration[];
}

/** All alarms of a stage. */
export class Alarms extends Construct {
  readonly #stage: Stage;
  readonly #channels: AlarmChannels;

  constructor(scope: Construct, id: string, { stage, channels, declarations }: AlarmsProps) {
    super(scope, id);
    this.#stage = stage;
    this.#channels = channels;
    const made = new Map<string, CfnAlarm | CfnCompositeAlarm>();
    for (const declared of declarations) {
      made.set(
        declared.name,
        declared.kind === "metric" ? this.#metricAlarm(declared) : this.#compositeAlarm(declared),
      );
    }
    for (const declared of declarations) {
      if (declared.kind !== "composite") continue;
      // The names in the rule are no references, so CloudFormation needs the dependencies.
      for (const name of [
        ...declared.anyGroup.flat(),
        ...(declared.suppressedBy ? [declared.suppressedBy.name] : []),
      ]) {
        const other = made.get(name);
        if (other === undefined) throw new Error(`alarm ${declared.name} names ${name}, which is not declared`);
        made.get(declared.name)?.addResourceDependency(other);
      }
    }
  }

  #common({ name, means, runbook }: AlarmDeclaration, severity: Severity | undefined) {
    const topic = severity && this.#channels.topics[severity].topicArn;
    return {
      alarmName: alarmNameOf(this.#stage, name),
      alarmDescription: `${means} Runbook: ${runbookOf(this.#stage, runbook)}`,
      ...(topic !== undefined && { alarmActions: [topic], okActions: [topic] }),
    };
  }

  #metricAlarm(declared: MetricAlarm): CfnAlarm {
    const { metrics, expression, periodSeconds, above, below, periods = 1 } = declared;
    const entries = Object.entries(metrics);
    const [[, only] = []] = entries;
    return new CfnAlarm(this, declared.name, {
      ...this.#common(declared, declared.severity),
      ...(expression === undefined && only !== undefined
        ? { ...statisticOf(only), period: periodSeconds }
        : {
            metrics: [
              { id: "value", expression, returnData: true },
              ...entries.map(([id, source]) => ({ id, returnData: false, metricStat: queryOf(source, periodSeconds) })),
            ],
          }),
      evaluationPeriods: periods,
      ...(above === undefined
        ? { threshold: below, comparisonOperator: "LessThanThreshold", treatMissingData: "breaching" }
        : // Without calls there is no data, and that is no failure.
          { threshold: above, comparisonOperator: "GreaterThanThreshold", treatMissingData: "notBreaching" }),
    });
  }

  #compositeAlarm(declared: CompositeAlarm): CfnCompositeAlarm {
    const state = (name: string): string => `ALARM("${alarmNameOf(this.#stage, name)}")`;
    const { suppressedBy } = declared;
    return new CfnCompositeAlarm(this, declared.name, {
      ...this.#common(declared, declared.severity),
      alarmRule: declared.anyGroup
        .map((group) => (group.length === 1 ? group.map(state).join("") : `(${group.map(state).join(" AND ")})`))
        .join(" OR "),
      ...(suppressedBy && {
        actionsSuppressor: alarmNameOf(this.#stage, suppressedBy.name),
        actionsSuppressorWaitPeriod: suppressedBy.waitSeconds,
        actionsSuppressorExtensionPeriod: suppressedBy.extensionSeconds,
      }),
    });
  }
}

const dimensionsOf = ({ dimensions }: MetricSource) =>
  Object.entries(dimensions).map(([name, value]) => ({ name, value }));

function statisticOf(source: MetricSource) {
  const { namespace, name, statistic } = source;
  return { namespace, metricName: name, statistic, dimensions: dimensionsOf(source) };
}

function queryOf(source: MetricSource, period: number): CfnAlarm.MetricStatProperty {
  const { namespace, name, statistic } = source;
  return { metric: { namespace, metricName: name, dimensions: dimensionsOf(source) }, period, stat: statistic };
}
