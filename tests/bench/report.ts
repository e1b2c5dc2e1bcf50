/** Tables for the terminal. */
export function row(...cells: readonly string[]): string {
  const [first = "", ...rest] = cells;
  return `  ${first.padEnd(32)}${rest.map((cell) => cell.padStart(10)).join("")}`;
}

export function table(title: string, header: string, rows: readonly string[]): void {
  console.log(["", title, header, ...rows].join("\n"));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share 0.99 for the 99th percentile */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
