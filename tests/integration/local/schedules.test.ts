import { startHost, type Host, type HostOptions } from "../../../infra/local/host.ts";
import { ScheduleTimers } from "../../../infra/local/services/schedules.ts";
import { apiResources, functionResource, writeAssembly, unusedRoute } from "./fixture.ts";

const bundles = {
  none: "export const handler = async () => ({ statusCode: 204 });",
  watcher: `export const handler = async (event) => {
    if (process.env.BROKEN) throw new Error("broken");
    return event;
  };`,
};

interface Variation {
  readonly rule?: object;
  readonly permission?: object;
  readonly variables?: object;
}

function template({ rule = {}, permission = {}, variables = {} }: Variation): object {
  return {
    Parameters: { PublicUrl: { Type: "String" } },
    Resources: {
      ...apiResources,
      ...unusedRoute,
      Watcher: functionResource("watcher", { Environment: { Variables: variables } }),
      Rule: {
        Type: "AWS::Events::Rule",
        Properties: {
          Name: "watch",
          ScheduleExpression: "rate(5 minutes)",
          Targets: [{ Id: "function", Arn: { "Fn::GetAtt": ["Watcher", "Arn"] } }],
          ...rule,
        },
      },
      OnEvents: {
        Type: "AWS::Events::Rule",
        Properties: { EventPattern: { source: ["aws.kms"] }, Targets: [{ Id: "topic", Arn: "arn:aws:sns:::topic" }] },
      },
      Permission: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          Action: "lambda:InvokeFunction",
          FunctionName: { "Fn::GetAtt": ["Watcher", "Arn"] },
          Principal: "events.amazonaws.com",
          SourceArn: { "Fn::GetAtt": ["Rule", "Arn"] },
          ...permission,
        },
      },
    },
  };
}

async function run(
  use: (host: Host) => Promise<void>,
  variation: Variation = {},
  options: Partial<HostOptions> = {},
): Promise<void> {
  const assembly = writeAssembly({ Fixture: template(variation) }, bundles);
  try {
    const host = await startHost({ assembly: assembly.folder, ...options });
    await use(host).finally(() => host.close());
  } finally {
    assembly.remove();
  }
}

describe("a schedule", () => {
  test("runs its function with the event of EventBridge", async () => {
    await run(async (host) => {
      const outcome = await host.runSchedule("watch");
      expect(JSON.parse((outcome as { payload: string }).payload)).toMatchObject({
        source: "aws.events",
        "detail-type": "Scheduled Event",
        resources: [expect.stringMatching(/^arn:aws:events:.*:rule\/watch$/)],
      });
      await expect(host.runSchedule("other")).rejects.toThrow("the template has no schedule other");
    });
  });

  test("tells of a run that fails", async () => {
    await run(
      async (host) => {
        expect(await host.runSchedule("watch")).toMatchObject({ failure: { errorMessage: "broken" } });
      },
      { variables: { BROKEN: "yes" } },
    );
  });

  test("that is disabled does not exist", async () => {
    await run(
      async (host) => {
        expect(host.model.schedules).toEqual([]);
        await Promise.resolve();
      },
      { rule: { State: "DISABLED" } },
    );
  });

  test.each<[string, Variation, RegExp]>([
    [
      "without the permission of EventBridge",
      { permission: { Principal: "secretsmanager.amazonaws.com" } },
      /EventBridge may not invoke .*: no AWS::Lambda::Permission allows it/,
    ],
    [
      "with the permission for another rule",
      { permission: { SourceArn: "arn:aws:events:us-east-1:000000000000:rule/other" } },
      /EventBridge may not invoke/,
    ],
    ["at a time of day", { rule: { ScheduleExpression: "cron(0 3 * * ? *)" } }, /ScheduleExpression.*must be a rate/],
    [
      "at a rate beyond 24 days",
      { rule: { ScheduleExpression: "rate(25 days)" } },
      /must be a rate of at most 24 days/,
    ],
    [
      "of something that is no function",
      { rule: { Targets: [{ Id: "topic", Arn: "arn:aws:sns:::topic" }] } },
      /Targets names arn:aws:sns:::topic, which is no function/,
    ],
    ["with an input of its own", { rule: { Targets: [{ Id: "function", Arn: "x", Input: "{}" }] } }, /Input/],
  ])("%s is refused", async (_what, variation, message) => {
    await expect(run(() => Promise.resolve(), variation)).rejects.toThrow(message);
  });
});

describe("by the clock", () => {
  const schedule = { name: "watch", ruleArn: "arn:rule", functionId: "arn:function", everyMinutes: 5 };
  test("schedules run when their rate has passed, until they are replaced or stopped", () => {
    const runs: string[] = [];
    const clock = new FakeClock();
    const timers = new ScheduleTimers(async ({ name }) => {
      runs.push(name);
      await Promise.resolve();
    }, clock);
    timers.start([schedule]);
    clock.advance(4);
    expect(runs).toEqual([]);
    clock.advance(6);
    expect(runs).toEqual(["watch", "watch"]);
    timers.start([{ ...schedule, name: "next", everyMinutes: 1 }]);
    clock.advance(1);
    expect(runs).toEqual(["watch", "watch", "next"]);
    timers.stop();
    clock.advance(10);
    expect(runs).toHaveLength(3);
  });
});

/** Time that passes when a test says so, in minutes. */
class FakeClock {
  #now = 0;
  readonly #timers = new Set<{ readonly from: number; readonly every: number; readonly run: () => void }>();

  every(minutes: number, run: () => void): () => void {
    const timer = { from: this.#now, every: minutes, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  advance(minutes: number): void {
    for (let passed = 0; passed < minutes; passed++) {
      this.#now++;
      for (const { from, every, run } of this.#timers) if ((this.#now - from) % every === 0) run();
    }
  }
}
