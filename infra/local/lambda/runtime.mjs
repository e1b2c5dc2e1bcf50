// Stands in for Lambda's Node.js runtime, in one process of a function. Plain JavaScript without imports of the project, because
// every cold start loads it. Arguments: the function's ARN, the folder of compiled code that its processes share, and `freezes`
// where the process stops itself after each call.
// Messages in: {event: string (JSON), deadline: ms since the epoch, requestId, traceId}. Messages out: {ready},
// {result: string (JSON)}, {error: {errorType, errorMessage, trace}}. One call at a time.
import { existsSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const environment = process.env;
// Arguments, not variables: the environment holds only Lambda's variables and the template's.
const [, , invokedFunctionArn, compileCache, freezing] = process.argv;
const send = (message, sent) => process.connected && process.send(message, sent);

// The host would stop it too late: until the host has read the answer, the process goes on with what the handler left behind.
const freeze = freezing === "freezes" ? () => process.kill(process.pid, "SIGSTOP") : undefined;

// Ends with its host. Ctrl-C reaches the whole process group, but the host decides when a call ends.
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined);

function described(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split("\n") };
}

// On AWS the SDK uses TLS and never loads `node:http`; here it does. An import of that module reads all its exports, and reading
// these three loads a whole WebSocket client, which takes a quarter of a cold start.
const http = process.getBuiltinModule("node:http");
delete http.WebSocket;
delete http.CloseEvent;
delete http.MessageEvent;

enableCompileCache(compileCache);

async function load() {
  const [file, name] = environment._HANDLER.split(".");
  const path = [".mjs", ".js", ".cjs"]
    .map((ending) => join(environment.LAMBDA_TASK_ROOT, file + ending))
    .find(existsSync);
  if (path === undefined) throw new Error(`Cannot find module '${file}' in ${environment.LAMBDA_TASK_ROOT}`);
  const handler = (await import(pathToFileURL(path).href))[name];
  if (typeof handler !== "function") throw new Error(`${environment._HANDLER} is undefined or not exported`);
  refuseCallback(handler);
  return handler;
}

// From Node 24 on, Lambda fails the initialisation of a handler with a callback; it would never answer.
function refuseCallback(handler) {
  if (handler.length < 3) return;
  const error = new Error(
    "The handler takes a callback, which Lambda has not supported since Node.js 24: return a promise",
  );
  error.name = "Runtime.CallbackHandlerDeprecated";
  throw error;
}

// The members of Lambda's own context. Those of mobile clients, Cognito and tenants exist and are undefined.
function contextOf({ requestId, deadline, traceId }) {
  return {
    clientContext: undefined,
    identity: undefined,
    tenantId: undefined,
    xRayTraceId: traceId,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn,
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// As on Lambda, an uncaught error ends the process, and the running call fails.
const die = (error) => {
  console.error(error);
  const message = { error: described(error), fatal: true };
  if (process.connected) process.send(message, () => process.exit(1));
  else process.exit(1);
};
process.on("uncaughtException", die);
process.on("unhandledRejection", die);

const handler = await load().catch((error) => {
  die(error);
  return undefined;
});

if (handler !== undefined) {
  let compiledCodeIsKept = false;
  process.on("message", async (call) => {
    environment._X_AMZN_TRACE_ID = call.traceId;
    try {
      const answer = await handler(JSON.parse(call.event), contextOf(call));
      send({ result: JSON.stringify(answer) ?? "null" }, freeze);
    } catch (error) {
      console.error(error);
      send({ error: described(error) }, freeze);
    }
    // After the first call, so that the cache has its compiled functions, too.
    if (!compiledCodeIsKept) flushCompileCache();
    compiledCodeIsKept = true;
  });
  send({ ready: true });
}
