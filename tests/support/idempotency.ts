/** Idempotency keys, and the answers that they bring back. */
import { randomUUID } from "node:crypto";
import { verdict, type Answer } from "./answer.ts";

/** The header with a key; a new one unless it is given. */
export function withKey(key: string = randomUUID()): { readonly "idempotency-key": string } {
  return { "idempotency-key": key };
}

/** The same as the options of a call. */
export const keyed = (key?: string) => ({ headers: withKey(key) });

/** The answer repeats the first one, but for the client secret, which is shown once. */
export function expectReplayed(answer: Answer, first: Answer): void {
  expect(answer.headers.get("idempotency-replayed")).toBe("true");
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  const { clientSecret: _clientSecret, ...open } = first.body ?? {};
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: first.status,
    body: first.text === "" ? undefined : open,
  });
  if (first.body?.clientSecret === undefined) expect(answer.text).toBe(first.text);
}

/** Of parallel calls with one key, one has the effect; the others get its answer or `request_in_progress`. */
export function expectOneEffect(answers: readonly Answer[], status: number): void {
  const successes = answers.filter((answer) => answer.status === status);
  const first = successes.filter(({ headers }) => headers.get("idempotency-replayed") === null);
  expect(first).toHaveLength(1);
  expect(answers.filter((answer) => answer.status !== status).map(verdict)).toEqual(
    Array(answers.length - successes.length).fill("409 request_in_progress"),
  );
  for (const { text } of successes) expect(text).toBe(first[0]?.text);
}
