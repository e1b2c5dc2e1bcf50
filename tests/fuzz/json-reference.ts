/** A second, slow parser of JSON, which says why a text must be refused. */

const maxDepth = 16;

/** Why the body parser must refuse a text; undefined for one that it must accept. */
export function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  const reader = new Reader(text);
  reader.value(0);
  return reader.fault;
}

/** Reads a text that is known to be JSON, character by character. */
class Reader {
  fault: string | undefined;
  readonly #text: string;
  #place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): void {
    this.#skipSpace();
    const first = this.#text[this.#place];
    if (first === "{" || first === "[") {
      if (depth === maxDepth) this.fault ??= "is nested too deeply";
      this.#members(first === "{" ? "}" : "]", depth + 1);
    } else if (first === '"') {
      this.#string();
    } else {
      while (/[-+.\w]/.test(this.#text[this.#place] ?? "")) this.#place++;
    }
    this.#skipSpace();
  }

  #members(closing: "}" | "]", depth: number): void {
    const names: string[] = [];
    this.#place++;
    this.#skipSpace();
    while (this.#text[this.#place] !== closing) {
      if (closing === "}") {
        const name = this.#string();
        if (names.includes(name)) this.fault ??= "has a name twice";
        if (name === "__proto__") this.fault ??= "has a forbidden name";
        names.push(name);
        this.#skipSpace();
        this.#place++;
      }
      this.value(depth);
      if (this.#text[this.#place] === ",") this.#place++;
      this.#skipSpace();
    }
    this.#place++;
  }

  #string(): string {
    const start = this.#place++;
    while (this.#text[this.#place] !== '"') this.#place += this.#text[this.#place] === "\\" ? 2 : 1;
    const value = JSON.parse(this.#text.slice(start, ++this.#place)) as string;
    if (/\p{Cs}/u.test(value) || value.includes("\0")) this.fault ??= "has a text that is not well-formed";
    return value;
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#place] ?? "")) this.#place++;
  }
}
