/** Tells the program that started a build or a synth what it is doing: lines on standard output, only where they are asked for. */

/** The environment variable that asks for progress. */
export const progressVariable = "PORTICO_PROGRESS";

const mark = "progress: ";

export function progress(text: string): void {
  if (process.env[progressVariable] === "1") process.stdout.write(`${mark}${text}\n`);
}

/** The text of a line of progress; undefined for any other output. */
export function progressIn(line: string): string | undefined {
  return line.startsWith(mark) ? line.slice(mark.length) : undefined;
}
