/** Calls about threads, as their participants make them. */
import { allPages } from "./lists.ts";
import { newPerson, type TestSession, type TestUser } from "./people.ts";
import type { Answer } from "./answer.ts";
import type { CallOptions, Portico } from "./portico.ts";

export type Person = TestUser & TestSession;

export const as = ({ accessToken: token }: TestSession, options: CallOptions = {}): CallOptions => ({
  token,
  ...options,
});

export const numbersOf = ({ body }: Answer): number[] =>
  body.items.map(({ sequence }: { sequence: number }) => sequence);

/** The numbers from 1 to `count`. */
export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Three users with a session each. */
export async function threePeople(portico: Portico): Promise<[Person, Person, Person]> {
  return [await newPerson(portico), await newPerson(portico), await newPerson(portico)];
}

export function threadCalls({ call }: Portico) {
  const begin = (person: TestSession, participants: unknown, options: CallOptions = {}) =>
    call("POST", "/v1/threads", as(person, { json: { participants }, ...options }));

  const post = (person: TestSession, threadId: string, message: unknown = "hello", options: CallOptions = {}) =>
    call("POST", `/v1/threads/${threadId}/messages`, as(person, { json: { message }, ...options }));

  const read = (person: TestSession, threadId: string) => call("GET", `/v1/threads/${threadId}`, as(person));

  const messages = (person: TestSession, threadId: string, query = "") =>
    call("GET", `/v1/threads/${threadId}/messages${query}`, as(person));

  /** One page of the threads of somebody. */
  const mine = (person: TestSession, query = "") => call("GET", `/v1/threads${query}`, as(person));

  /** The id of a new thread. */
  async function newThread(creator: TestSession, ...others: readonly TestUser[]): Promise<string> {
    const named = others.map(({ username }) => username);
    const { status, text, body } = await begin(creator, named);
    if (status !== 201) throw new Error(`no thread begun: ${text}`);
    return body.id;
  }

  /** All threads of somebody, page by page. */
  const threadsOf = (person: TestSession, limit: number): Promise<any[][]> =>
    allPages((cursor) => mine(person, `?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`));

  return { begin, post, read, messages, mine, newThread, threadsOf };
}
