/** AWS's own runtime interface client, which Lambda runs functions with. It is compiled when it is installed. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { closeServer, readBody, startServer } from "../local/support/loopback-http.ts";

const version = "4.0.2";
const installMinutes = 15;
/** Generous, because the machine may be busy. */
const callSeconds = 120;
const run = promisify(execFile);

/**
 * Installs the client below `node_modules`, or takes the one that is there.
 *
 * @returns its program, or why there is none
 */
export async function installedClient(): Promise<{ readonly program: string } | { readonly missing: string }> {
  const folder = resolve(import.meta.dirname, "../../node_modules/.cache/aws-lambda-ric", version);
  const place = join(folder, "node_modules/aws-lambda-ric");
  const program = join(place, "index.mjs");
  // The compiled part is the last thing that the installation makes.
  const isBuilt = (): boolean => existsSync(join(place, "rapid-client.node"));
  if (isBuilt()) return { program };
  if (process.platform !== "linux") return { missing: "AWS's runtime interface client runs on Linux only" };
  const lacking = ["cmake", "make", "g++", "python3"].filter((name) => !isOnPath(name));
  if (lacking.length > 0) return { missing: `there is no ${lacking.join(" and no ")} to build it` };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"private":true}\n');
  const words = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts=false"];
  const failure = await run("npm", [...words, `aws-lambda-ric@${version}`], {
    cwd: folder,
    timeout: installMinutes * 60_000,
  }).then(
    () => undefined,
    (error: unknown) => (error as Error).message.split("\n")[0],
  );
  return isBuilt() ? { program } : { missing: `it was not built: ${failure ?? "its install scripts did not run"}` };
}

function isOnPath(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

export interface ClientCall {
  readonly program: string;
  /** ARN of the function. */
  readonly functionId: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly event: unknown;
}

/** How the call of a function ended, with the JSON that the client sent. */
export interface ClientOutcome {
  readonly kind: "response" | "error" | "init error" | "no answer";
  readonly body: string;
}

/** Starts the client with a function, gives it one event and takes its answer. */
export async function callUnderClient(call: ClientCall): Promise<ClientOutcome> {
  const ended = Promise.withResolvers<ClientOutcome>();
  const { server, url } = await serveOneEvent(call, ended.resolve);
  const { host } = new URL(url);
  const child = spawn(process.execPath, [call.program, "index.handler"], {
    cwd: call.folder,
    env: { ...call.environment, LAMBDA_TASK_ROOT: call.folder, AWS_LAMBDA_RUNTIME_API: host },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(String(chunk)));
  const stop = (body: string): void => ended.resolve({ kind: "no answer", body });
  const timer = setTimeout(() => stop(`none in ${callSeconds} s`), callSeconds * 1000);
  child.once("error", ({ message }) => stop(message));
  const exited = new Promise((settle) => child.once("close", settle));
  child.once("close", () => stop(output.join("").trim().split("\n").at(-1) ?? ""));
  try {
    return await ended.promise;
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
    await exited;
    server.closeAllConnections();
    await closeServer(server);
  }
}

/** The side of the Runtime API that Lambda has: one event, and a place for its answer. */
async function serveOneEvent({ functionId, event }: ClientCall, end: (outcome: ClientOutcome) => void) {
  let isGiven = false;
  return await startServer((request, response) => {
    const path = (request.url ?? "").replace("/2018-06-01/runtime/", "");
    if (path === "invocation/next") {
      // The client asks for the next event after its answer, and waits.
      if (isGiven) return;
      isGiven = true;
      response.writeHead(200, {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        "lambda-runtime-deadline-ms": String(Date.now() + callSeconds * 1000),
        "lambda-runtime-invoked-function-arn": functionId,
        "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
      });
      response.end(JSON.stringify(event));
      return;
    }
    void readBody(request).then((body) => {
      response.writeHead(202).end("{}");
      const kind = path === "init/error" ? "init error" : path.endsWith("/response") ? "response" : "error";
      end({ kind, body: String(body) });
    });
  });
}
