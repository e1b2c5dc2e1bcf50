/** Request bodies for any declared operation, made from its declaration, and what becomes of them. */
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { operations } from "../../shared/operations.ts";
import { verdict, type Answer } from "./answer.ts";
import type { RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { makeCallers, pathOf, rightfulToken, type Callers } from "./requests.ts";

type Body = string | Uint8Array<ArrayBuffer>;

export const hasJsonBody = ({ request }: AnyOperation): boolean =>
  request.body !== undefined && request.bodyType !== "form";

export const json = { "content-type": "application/json" };

export const exampleOf = ({ request }: AnyOperation) => (request.bodyExample ?? {}) as Record<string, unknown>;

/**
 * One of `parts` equal shares of the values. All operations share one parser, so together they cover every value without
 * each trying all of them.
 */
export function shareOf<Value>(values: readonly Value[], operation: AnyOperation, parts = 4): readonly Value[] {
  const turn = operations.indexOf(operation) % parts;
  return values.filter((_, index) => index % parts === turn);
}

/** The example with one more member, as text; `value` is JSON already. */
export function withMember(operation: AnyOperation, name: string, value: string): string {
  const { [name]: _replaced, ...rest } = exampleOf(operation);
  const text = JSON.stringify(rest).slice(0, -1);
  return `${text}${text === "{" ? "" : ","}${JSON.stringify(name)}:${value}}`;
}

/** A host with callers of every kind and a subscription to change; sends bodies to its operations. */
export function bodyCalls(portico: Portico) {
  let made: Callers | undefined;
  beforeAll(async () => {
    made = await makeCallers(portico);
    // The paths that are made from the declarations name this user.
    const subscription = { externalUserId: "customer-4711", userEmail: "grace@example.com", duration: "P1M" };
    await portico.call("POST", "/v1/subscriptions", { token: made.partner.token, json: subscription });
  });
  const callers = (): Callers => made!;

  /** Sends a body as it is, as a caller with the right to the operation. */
  async function send(operation: AnyOperation, raw: Body, headers: RequestHeaders = json): Promise<Answer> {
    const token = rightfulToken(operation, callers());
    const path = pathOf(operation, { partnerId: callers().partner.id });
    return await portico.call(operation.method, path, { ...(token !== undefined && { token }), raw, headers });
  }

  /** Sends bodies one after the other, and expects a verdict on each. */
  async function expectRefused(
    operation: AnyOperation,
    bodies: readonly Body[],
    expected: string,
    check: (answer: Answer) => void = () => undefined,
  ): Promise<void> {
    for (const body of bodies) {
      const answer = await send(operation, body);
      const shown = String(body).slice(0, 200);
      expect(`${verdict(answer)} for ${shown}`).toBe(`${expected} for ${shown}`);
      check(answer);
    }
  }

  return { portico, callers, send, expectRefused };
}

export type BodyCalls = ReturnType<typeof bodyCalls>;
