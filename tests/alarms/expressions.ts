/** The metric math and the rules of composite alarms that our templates use; anything else is refused by name. */

/** A value of an expression; undefined where there is no data. */
export type Value = number | undefined;
type Call = (args: readonly Value[]) => Value;

const functions: Readonly<Record<string, Call>> = {
  FILL: ([value, filling]) => value ?? filling,
  IF: ([condition, then, otherwise]) => (condition === undefined ? undefined : condition === 0 ? otherwise : then),
};

/** Binary operators, those that bind least first. */
const operators: readonly Readonly<Record<string, (left: number, right: number) => Value>>[] = [
  { OR: (left, right) => Number(left !== 0 || right !== 0) },
  { AND: (left, right) => Number(left !== 0 && right !== 0) },
  { ">=": (left, right) => Number(left >= right), ">": (left, right) => Number(left > right) },
  { "+": (left, right) => left + right, "-": (left, right) => left - right },
  { "*": (left, right) => left * right, "/": (left, right) => (right === 0 ? undefined : left / right) },
];

/**
 * Evaluates an expression.
 *
 * @param lookup the value of a metric's id, or of an alarm's state in `ALARM("name")`
 * @throws Error for what the simulator does not know
 */
export function evaluate(expression: string, lookup: (name: string) => Value): Value {
  const tokens = expression.match(/"[^"]*"|>=|[A-Za-z_]\w*|\d+(\.\d+)?|\S/g) ?? [];
  let next = 0;
  const take = (expected?: string): string => {
    const token = tokens[next++];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new Error(`${expression}: ${expected ?? "more"} expected at token ${next}`);
    }
    return token;
  };
  const binary = (level: number): Value => {
    const known = operators[level];
    if (known === undefined) return primary();
    let left = binary(level + 1);
    for (let operate = known[tokens[next] ?? ""]; operate !== undefined; operate = known[tokens[next] ?? ""]) {
      next++;
      const right = binary(level + 1);
      left = left === undefined || right === undefined ? undefined : operate(left, right);
    }
    return left;
  };
  const list = (): readonly Value[] => {
    const values = [binary(0)];
    while (tokens[next] === ",") {
      next++;
      values.push(binary(0));
    }
    take(")");
    return values;
  };
  const primary = (): Value => {
    const token = take();
    if (token === "(") return list()[0];
    if (/^\d/.test(token)) return Number(token);
    if (token === "ALARM") {
      take("(");
      const name = take().slice(1, -1);
      take(")");
      return lookup(name);
    }
    if (tokens[next] !== "(") return lookup(token);
    const call = functions[token];
    if (call === undefined) throw new Error(`${expression}: the simulator does not know ${token}`);
    next++;
    return call(list());
  };
  const value = binary(0);
  if (next !== tokens.length) throw new Error(`${expression}: ${String(tokens[next])} is not understood`);
  return value;
}
