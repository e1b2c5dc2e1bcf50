/** A parser with a fault that no blind search reaches: the fuzzer's own test looks for it. */

export function planted(text: string): void {
  if (!text.startsWith("f")) return;
  if (text[1] !== "u") return;
  if (text[2] !== "!") return;
  throw new Error("planted");
}
