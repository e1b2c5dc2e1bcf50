/**
 * `node figures.ts ASSEMBLY`: prints what is recorded and the page with its figures, as JSON, for tests. Jest's own modules would make
 * the simulation half as fast.
 */
import { readFileSync } from "node:fs";
import { answersOf } from "./answers.ts";
import { recordCalls, type Recording } from "./calls.ts";
import { page, pageWith } from "./scale.ts";
import { templatesOf } from "./templates.ts";

export interface Figures {
  readonly recording: Recording;
  /** `docs/scale.md` as it should be. */
  readonly text: string;
}

const recording = await recordCalls(process.argv[2] ?? "");
const text = pageWith(readFileSync(page, "utf8"), answersOf(templatesOf(recording)));
process.stdout.write(JSON.stringify({ recording, text } satisfies Figures));
