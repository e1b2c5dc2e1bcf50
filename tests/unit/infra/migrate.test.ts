/** `npm run migrate` against a stage: what it asks of Lambda, and its errors in one line. */
import { execFileSync, spawnSync } from "node:child_process";
import type { Server } from "node:http";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";
import { invokerOf } from "../../../infra/migrations/invoke.ts";
import { runMigration } from "../../../infra/migrations/migrations.ts";
import stage from "../../../infra/stages/dev.ts";
import type { MigrationAnswer, MigrationEvent } from "../../../shared/migrations/contract.ts";

let server: Server;
let answers: { readonly status: number; readonly error?: string; readonly body: unknown }[] = [];
const asked: { readonly path: string; readonly event: MigrationEvent }[] = [];

beforeAll(async () => {
  const started = await startServer((request, response) => {
    void readBody(request).then((bytes) => {
      asked.push({ path: String(request.url), event: JSON.parse(String(bytes)) as MigrationEvent });
      const { status, error, body } = answers.shift()!;
      if (error !== undefined) response.setHeader("x-amz-function-error", error);
      if (status === 404) response.setHeader("x-amzn-errortype", "ResourceNotFoundException");
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server = started.server;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: started.url,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  });
});
afterAll(async () => await closeServer(server));
beforeEach(() => {
  asked.length = 0;
});

const segment = { number: 1, read: 2, changed: 1, done: false, updatedAt: "2026-05-01T12:00:00.000Z", revision: 1 };
const answer = (...segments: readonly object[]) => ({ status: 200, body: { segments } as unknown as MigrationAnswer });
const options = { maxEntries: 200, pauseMs: 0 };

test("a run begins, continues each open segment until it is done, and prints its progress", async () => {
  const done = { ...segment, done: true };
  const second = { ...segment, number: 2 };
  answers = [
    answer(segment, second),
    answer(segment, second),
    answer(done, second),
    answer(done, { ...second, done: true }),
  ];
  const lines: string[] = [];
  await runMigration(invokerOf(stage), "session-start", { ...options, print: (line) => lines.push(line) });
  expect(new Set(asked.map(({ path }) => path))).toEqual(
    new Set(["/2015-03-31/functions/Portico-dev-migration/invocations"]),
  );
  expect(asked.map(({ event }) => ("segment" in event ? event.segment : event.action))).toEqual(["begin", 1, 1, 2]);
  expect(lines.at(-1)).toBe("2 of 2 segments done, 4 items read, 2 changed");
});

test.each([
  [{ status: 200, error: "Unhandled", body: {} }, "Portico-dev-migration failed: its log has the reason"],
  [{ status: 404, body: {} }, "there is no function Portico-dev-migration: deploy the stage dev first"],
])("a failure is one line", async (failure, line) => {
  answers = [failure];
  await expect(invokerOf(stage)({ action: "status", migration: "session-start" })).rejects.toThrow(line);
});

const command = ["infra/migrations/migrate.ts"];

test("list shows every migration", () => {
  const output = execFileSync(process.execPath, [...command, "list"], { encoding: "utf8" });
  expect(output).toMatch(/^session-start: adds /);
});

test.each([
  [[], "portico: npm run migrate -- list | run NAME | status NAME [--stage STAGE]\n"],
  [
    ["run", "nothing"],
    "portico: there is no migration nothing: session-start, user-search, partner-search, coupon-search, company-search, expiry-notice, live-count, event-count\n",
  ],
  [
    ["run"],
    "portico: there is no migration without a name: session-start, user-search, partner-search, coupon-search, company-search, expiry-notice, live-count, event-count\n",
  ],
  [["run", "session-start", "--stage", "nowhere"], expect.stringMatching(/^portico: [^\n]*nowhere[^\n]*\n$/)],
])("bad input %j is one line", (given, line) => {
  const { status, stderr } = spawnSync(process.execPath, [...command, ...given], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toEqual(line);
});
