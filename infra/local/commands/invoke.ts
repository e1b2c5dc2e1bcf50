/**
 * `npm run invoke -- OPERATION [--as partner|user|admin] [--event FILE] [--print-event] [--inspect]`: runs one function against
 * the running host and prints its answer, its log lines, its durations and its calls to the table with their units.
 *
 * @example
 * npm run invoke -- subscriptions.create
 * npm run invoke -- subscriptions.create --print-event > event.json
 * npm run invoke -- subscriptions.create --event event.json --inspect
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { AnyOperation } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import type { Invocation } from "../lambda/function-pool.ts";
import { invokeOnce } from "../lambda/single-invocation.ts";
import { CallTrace, type TracedCall } from "../services/call-trace.ts";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { DevelopmentCallers, runningHost } from "./callers.ts";
import { giveOrder, runOrder, type RunnableFunction } from "./control.ts";
import { exampleRequest, usualCaller, type CallerKind } from "./example-request.ts";

const usage = "usage: npm run invoke -- OPERATION [--as partner|user|admin] [--event FILE] [--print-event] [--inspect]";
const callerKinds: readonly string[] = ["partner", "user", "admin"] satisfies CallerKind[];
const inspector = "127.0.0.1:9229";

/** With a debugger attached, a call may take this long. */
const debuggingSeconds = 3600;

interface Arguments {
  readonly id: string;
  readonly as?: CallerKind;
  readonly eventFile?: string;
  readonly printsEvent: boolean;
  readonly inspects: boolean;
}

function readArguments(): Arguments {
  const { positionals, values } = parse();
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw new LocalHostError(usage);
  if (values.as !== undefined && !callerKinds.includes(values.as)) throw new LocalHostError(usage);
  return {
    id,
    ...(values.as !== undefined && { as: values.as as CallerKind }),
    ...(values.event !== undefined && { eventFile: values.event }),
    printsEvent: values["print-event"] === true,
    inspects: values.inspect === true,
  };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        as: { type: "string" },
        event: { type: "string" },
        "print-event": { type: "boolean" },
        inspect: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new LocalHostError(`${messageOf(error)}; ${usage}`);
  }
}

/** @param id of an operation, or of a function without a route such as `bootstrap` */
function findFunction(functions: readonly RunnableFunction[], id: string): RunnableFunction {
  const operation = operations.find((one) => one.id === id);
  const found =
    operation === undefined
      ? functions.find(({ name, route }) => route === undefined && name.endsWith(`-${id}`))
      : functions.find(({ route }) => route === `${operation.method} ${operation.path}`);
  if (found === undefined) throw new LocalHostError(`no operation ${id}: docs/api.md lists them`);
  return found;
}

async function makeEvent(
  operation: AnyOperation | undefined,
  { id, as, eventFile }: Arguments,
  functions: readonly RunnableFunction[],
): Promise<unknown> {
  if (eventFile !== undefined) return readEvent(eventFile);
  if (operation === undefined) throw new LocalHostError(`${id} serves no operation: give its event with --event FILE`);
  const caller = as ?? usualCaller(operation);
  const token = caller && (await new DevelopmentCallers(runningHost(), functions).token(caller));
  return (await giveOrder("event", { ...exampleRequest(operation, token) })).event;
}

function readEvent(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new LocalHostError(`${file} cannot be read as JSON: ${messageOf(error)}`);
  }
}

function describe(call: TracedCall): string {
  const units = call.units === undefined ? "" : `${call.units} units`;
  const [first = "", ...others] = call.subjects;
  const head = `  ${call.action.padEnd(20)} ${units.padEnd(10)} ${call.milliseconds.toFixed(1).padStart(6)} ms  ${call.result}`;
  return [`${head}  ${first}`, ...others.map((subject) => `${" ".repeat(head.length + 2)}${subject}`)].join("\n");
}

function shownAnswer(outcome: Invocation): string {
  if ("failure" in outcome) return `${outcome.failure.errorType}: ${outcome.failure.errorMessage}`;
  const answer = JSON.parse(outcome.payload) as { readonly body?: string; readonly headers?: object } | null;
  if (typeof answer?.body !== "string") return JSON.stringify(answer, undefined, 2);
  try {
    return JSON.stringify({ ...answer, body: JSON.parse(answer.body) as unknown }, undefined, 2);
  } catch {
    return JSON.stringify(answer, undefined, 2);
  }
}

async function main(): Promise<void> {
  const options = readArguments();
  runningHost();
  const { functions } = await giveOrder("functions", {});
  const found = findFunction(functions, options.id);
  const operation = operations.find(({ id }) => id === options.id);
  const event = await makeEvent(operation, options, functions);
  if (options.printsEvent) {
    console.log(JSON.stringify(event, undefined, 2));
    return;
  }
  const trace = await CallTrace.start(found.environment["AWS_ENDPOINT_URL"] ?? "");
  try {
    const services = { AWS_ENDPOINT_URL_DYNAMODB: trace.url, AWS_ENDPOINT_URL_SECRETS_MANAGER: trace.url };
    if (options.inspects) console.log(`The function waits for a debugger at ${inspector}.`);
    const invocation = await invokeOnce({
      functionId: found.id,
      folder: found.folder,
      environment: { ...found.environment, ...services, AWS_ENDPOINT_URL: trace.url },
      event,
      timeoutSeconds: options.inspects ? debuggingSeconds : found.timeoutSeconds,
      ...(options.inspects && { execArgv: [`--inspect-wait=${inspector}`, "--enable-source-maps"] }),
    });
    const { outcome, log, initMilliseconds, handlerMilliseconds } = invocation;
    console.log(`Answer\n${shownAnswer(outcome)}\n\nLog\n${log.map((line) => `  ${line}`).join("\n")}`);
    console.log(`\nCalls\n${trace.calls.map(describe).join("\n")}`);
    console.log(`\nDuration ${handlerMilliseconds.toFixed(0)} ms, after ${initMilliseconds.toFixed(0)} ms of init`);
    if ("failure" in outcome) process.exitCode = 1;
  } finally {
    await trace.close();
  }
}

await runOrder(main);
