import type { Assembly, Template } from "../../infra/checks/assembly.ts";
import { publishers, reached } from "./support/alarm-chain.ts";
import { exampleProduction, resourcesOf, synthesized, templateOf, text } from "./support/templates.ts";

const reaches = {
  dev: { page: ["sms:+4915112345678"], ticket: ["email:operations@example.com"] },
  prod: { page: ["email:on-call@portico.example"], ticket: ["email:operations@portico.example"] },
};

let assemblies: Readonly<Record<"dev" | "prod", Assembly>>;

beforeAll(async () => {
  const [dev, prod] = await Promise.all([
    synthesized({ stageFile: "tests/infra/support/watched-dev.ts" }, { validate: false }),
    synthesized(exampleProduction, { validate: false }),
  ]);
  assemblies = { dev, prod };
}, 60_000);

interface Signal {
  readonly name: string;
  readonly target: string;
}

/** Every alarm that acts by itself, with each of its targets. */
function alarmSignals(template: Template): readonly Signal[] {
  return [
    ...resourcesOf(template, "AWS::CloudWatch::Alarm"),
    ...resourcesOf(template, "AWS::CloudWatch::CompositeAlarm"),
  ].flatMap(([name, { Properties }]) =>
    [...(Properties.AlarmActions ?? []), ...(Properties.OKActions ?? [])].map((target) => ({
      name,
      target: text(target),
    })),
  );
}

describe.each(["dev", "prod"] as const)("in %s", (stage) => {
  const reach = reaches[stage];
  test("every account event and every budget notification reaches a person", () => {
    const template = templateOf(assemblies[stage], "Operations");
    const onEvents = resourcesOf(template, "AWS::Events::Rule").filter(
      ([, { Properties }]) => Properties.EventPattern !== undefined,
    );
    const rules = onEvents.flatMap(([name, { Properties }]) =>
      Properties.Targets.map(({ Arn }: { Arn: unknown }) => ({ name, target: text(Arn), by: publishers.rule })),
    );
    const budgets = resourcesOf(template, "AWS::Budgets::Budget").flatMap(([name, { Properties }]) =>
      Properties.NotificationsWithSubscribers.flatMap(({ Subscribers }: { Subscribers: { Address: unknown }[] }) =>
        Subscribers.map(({ Address }) => ({ name, target: text(Address), by: publishers.budget })),
      ),
    );
    expect([rules.length, budgets.length]).toEqual([5, 3]);
    for (const { name, target, by } of [...rules, ...budgets]) {
      expect([name, reached(template, by, target)]).toEqual([name, [expect.any(String)]]);
    }
  });

  test("every alarm reaches a person: topic, policy of the topic, policy of its key, subscription", () => {
    const template = templateOf(assemblies[stage], "Operations");
    const signals = alarmSignals(template);
    expect(signals.length).toBeGreaterThan(5);
    for (const { name, target } of signals) {
      const people = reached(template, publishers.alarm, target);
      expect([name, Object.values(reach)]).toEqual([name, expect.arrayContaining([people])]);
    }
  });

  test("each severity has its own topic, and no other account may publish to it", () => {
    const template = templateOf(assemblies[stage], "Operations");
    const topics = resourcesOf(template, "AWS::SNS::Topic").map(([id, { Properties }]) => ({
      name: Properties.TopicName,
      people: reached(template, publishers.alarm, `<${id}>`),
    }));
    expect(topics).toEqual([
      { name: `Portico-${stage}-page`, people: reach.page },
      { name: `Portico-${stage}-ticket`, people: reach.ticket },
    ]);
    for (const [id] of resourcesOf(template, "AWS::SNS::Topic")) {
      const stranger = {
        ...publishers.alarm,
        context: { ...publishers.alarm.context, "aws:SourceAccount": "999999999999" },
      };
      expect(() => reached(template, stranger, `<${id}>`)).toThrow(/may not publish/);
    }
  });
});
