/** Where the CPU time of a bundle goes, by the packages and folders of its sources. */
import { readFile } from "node:fs/promises";
import { Session, type Profiler } from "node:inspector/promises";
import { SourceMap } from "node:module";

/** A package or a folder of the project, with its share of the time in percent. */
export interface ModuleShare {
  readonly name: string;
  readonly percent: number;
}

/** Runs the work under V8's profiler. */
export async function profiling(sourceMapFile: string, work: () => Promise<unknown>): Promise<readonly ModuleShare[]> {
  const map = new SourceMap(JSON.parse(await readFile(sourceMapFile, "utf8")));
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 100 });
  await session.post("Profiler.start");
  await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return sharesOf(profile, map);
}

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, map: SourceMap): readonly ModuleShare[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, moduleOf(callFrame, map)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "(unknown)";
    if (name === "(idle)") continue;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / all }))
    .sort((one, other) => other.percent - one.percent);
}

function moduleOf(
  { url, functionName, lineNumber, columnNumber }: Profiler.ProfileNode["callFrame"],
  map: SourceMap,
): string {
  if (url === "") return functionName;
  if (!url.endsWith("index.mjs")) return url.replace(/^node:(internal\/)?/, "node:").split("/")[0] ?? url;
  const { originalSource } = map.findEntry(lineNumber, columnNumber) as { readonly originalSource?: string };
  return originalSource === undefined ? "(bundle)" : sourceName(originalSource);
}

/** `@smithy/core`, `zod`, `shared/http`. */
function sourceName(path: string): string {
  const [, inPackage] = path.split(/.*node_modules\//);
  if (inPackage !== undefined)
    return inPackage
      .split("/")
      .slice(0, inPackage.startsWith("@") ? 2 : 1)
      .join("/");
  return path
    .replace(/^(\.\.\/)+/, "")
    .split("/")
    .slice(0, 2)
    .join("/");
}
