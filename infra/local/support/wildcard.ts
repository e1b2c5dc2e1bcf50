export type Matcher = (text: string) => boolean;

/** Compiles an IAM pattern, in which `*` stands for any characters and `?` for one. */
export function wildcard(pattern: string): Matcher {
  if (pattern === "*") return () => true;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replace(/\*+/g, "[^]*")
    .replaceAll("?", "[^]");
  const expression = new RegExp(`^${source}$`, "u");
  return (text) => expression.test(text);
}
