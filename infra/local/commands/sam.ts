/**
 * `npm run sam [-- --host ADDRESS | --bridge ADDRESS]`: writes what AWS SAM needs to run the functions against the running host,
 * to `.portico/sam`: a template, `env.json` with the access keys, and one event per operation. See docs/sam.md.
 *
 * `--host` is the address at which a container reaches this machine: by default 127.0.0.1, for `--docker-network host`.
 * `--bridge` listens on an address of this machine, such as Docker's bridge, and forwards to the host until Ctrl-C.
 */
import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { operations } from "../../../shared/operations.ts";
import { build, bundleFolder } from "../../build/bundle.ts";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { writeJsonFile } from "../support/json-file.ts";
import { dataFolder, DevelopmentCallers, runningHost } from "./callers.ts";
import { giveOrder, runOrder, type RunnableFunction } from "./control.ts";
import { exampleRequest, usualCaller } from "./example-request.ts";
import { isReached, samEnvironment, samTemplate, withAddress, type Reach } from "./sam-template.ts";

const samFolder = join(dataFolder, "sam");

const usage = "usage: npm run sam [-- --host ADDRESS | --bridge ADDRESS]";

interface Arguments {
  readonly host?: string;
  readonly bridge?: string;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({ options: { host: { type: "string" }, bridge: { type: "string" } } });
    if (values.host !== undefined && values.bridge !== undefined)
      throw new Error("--host and --bridge exclude each other");
    return { ...values };
  } catch (error) {
    throw new LocalHostError(`${messageOf(error)}; ${usage}`);
  }
}

/**
 * Forwards connections to an address of this machine to the same port on 127.0.0.1.
 *
 * @throws LocalHostError when the machine does not have the address
 */
async function forward(address: string, url: string): Promise<string> {
  const target = Number(new URL(url).port);
  const server = createServer((socket) => {
    const upstream = connect(target, "127.0.0.1");
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new LocalHostError(`cannot listen on ${address}: ${error.message}`)));
    server.listen(0, address, resolve);
  });
  const reached = new URL(withAddress(address)(url));
  reached.port = String((server.address() as AddressInfo).port);
  return reached.href.replace(/\/$/, "");
}

/** Forwards every local URL in the functions' variables. */
async function reachOverBridge(address: string, functions: readonly RunnableFunction[]): Promise<Reach> {
  const urls = new Set(
    functions.flatMap(({ environment }) =>
      Object.entries(environment)
        .filter(([name]) => isReached(name))
        .map(([, url]) => url),
    ),
  );
  const reached = new Map<string, string>();
  for (const url of urls) reached.set(url, await forward(address, url));
  return (url) => reached.get(url) ?? url;
}

/**
 * A container has the folder of its function and nothing beside it, so it runs the bundle that is deployed. Both builds have the
 * same folders below `functions`.
 */
async function deployedFunctions(functions: readonly RunnableFunction[]): Promise<readonly RunnableFunction[]> {
  await build();
  return functions.map((found) => ({ ...found, folder: bundleFolder(found.folder.split("/functions/").at(-1) ?? "") }));
}

async function writeEvents(functions: readonly RunnableFunction[]): Promise<void> {
  const callers = new DevelopmentCallers(runningHost(), functions);
  for (const operation of operations) {
    const caller = usualCaller(operation);
    const token = caller && (await callers.token(caller));
    const { event } = await giveOrder("event", { ...exampleRequest(operation, token) });
    writeJsonFile(join(samFolder, "events", `${operation.id}.json`), event);
  }
}

function exampleCommand(functions: readonly RunnableFunction[], { host, bridge }: Arguments): string {
  const example = functions.find(({ route }) => route === "POST /v1/subscriptions")?.logicalId ?? "";
  const network = host === undefined && bridge === undefined ? " --docker-network host" : "";
  return `sam local invoke ${example} --template .portico/sam/template.json --env-vars .portico/sam/env.json \\
  --event .portico/sam/events/subscriptions.create.json${network}`;
}

await runOrder(async () => {
  const options = readArguments();
  runningHost();
  const functions = await deployedFunctions((await giveOrder("functions", {})).functions);
  const reach =
    options.bridge === undefined
      ? withAddress(options.host ?? "127.0.0.1")
      : await reachOverBridge(options.bridge, functions);
  rmSync(samFolder, { recursive: true, force: true });
  mkdirSync(join(samFolder, "events"), { recursive: true, mode: 0o700 });
  writeJsonFile(join(samFolder, "template.json"), samTemplate(functions, reach));
  writeJsonFile(join(samFolder, "env.json"), samEnvironment(functions, reach));
  await writeEvents(functions);
  console.log(`${functions.length} functions and ${operations.length} events are in .portico/sam. For example:\n`);
  console.log(exampleCommand(functions, options));
  if (options.bridge !== undefined) console.log(`\nListening on ${options.bridge} until Ctrl-C.`);
});
