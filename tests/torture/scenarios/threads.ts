/** The messages of a thread. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Scenario } from "../kit.ts";
import { groupsOf, times, keyed } from "./values.ts";

interface Message {
  readonly sequence: number;
  readonly message: string;
}

export const threads: Scenario = {
  name: "threads",
  invariant:
    "messages are numbered without gaps, every acknowledged one is there exactly once and as it was acknowledged, one that was answered 503 at most once, and a poller misses none",
  begin: async (world, callers) => {
    const token = await world.rootToken();
    const json = { participants: [await world.colleague()] };
    const thread = await world.call("POST", "/v1/threads", { token, json });
    assert.equal(thread.status, 201, thread.text);
    const path = `/v1/threads/${thread.body.id as string}`;
    const acknowledged: Message[] = [];
    const uncertain: string[] = [];
    const polled: Message[] = [];
    const poll = async (): Promise<boolean> => {
      const query = `?limit=100&after=${polled.at(-1)?.sequence ?? 0}`;
      const { status, body, text } = await world.persist("GET", `${path}/messages${query}`, { token });
      assert.equal(status, 200, text);
      polled.push(...(body.items as Message[]));
      return body.items.length > 0;
    };
    const poller = async () => {
      for (let polls = 0; polls < groupsOf(callers); polls++) await poll();
    };
    const poster = (index: number) => async () => {
      const message = `message ${index}`;
      const request = { token, json: { message } };
      const isKeyed = index % 2 === 0;
      const { status, body, text } = isKeyed
        ? await world.persist("POST", `${path}/messages`, { ...request, ...keyed(randomUUID()) })
        : await world.call("POST", `${path}/messages`, request);
      assert.ok(status === 201 || (status === 503 && !isKeyed), text);
      if (status === 201) acknowledged.push(body as Message);
      else uncertain.push(message);
    };
    return {
      callers: [poller, ...times(callers - 1, poster)],
      verify: async () => {
        while (await poll());
        assert.deepEqual(
          polled.map(({ sequence }) => sequence),
          times(polled.length, (index) => index + 1),
        );
        const { body } = await world.call("GET", path, { token });
        assert.equal(body.lastSequence, polled.length);
        for (const message of acknowledged) assert.deepEqual(polled[message.sequence - 1], message);
        const texts = polled.map(({ message }) => message);
        assert.equal(new Set(texts).size, texts.length, "a message is there twice");
        const known = new Set([...acknowledged.map(({ message }) => message), ...uncertain]);
        assert.ok(texts.every((message) => known.has(message)));
      },
    };
  },
};
