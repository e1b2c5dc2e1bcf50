/** Functions that somebody invokes with an event of their own, past API Gateway. */
import { setImmediate } from "node:timers/promises";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

const functionOf = (name: string) => portico.host.model.functions.find((model) => model.name.endsWith(`-${name}`))!;
const authorizer = () => functionOf("authorizer");

/** Waits for a line with the code. */
async function linesOf(code: string): Promise<readonly Record<string, unknown>[]> {
  for (;;) {
    const parsed = portico.logs.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    const found = parsed.filter((line) => line.code === code);
    if (found.length > 0) return found;
    await setImmediate();
  }
}

async function authorize(headers: Record<string, string>): Promise<{ readonly id: string; readonly policy: any }> {
  const event = await authorizerEvent(headers);
  const outcome = await portico.host.invoke(authorizer().id, event);
  const policy = JSON.parse((outcome as { readonly payload: string }).payload);
  return { id: (event["requestContext"] as { readonly requestId: string }).requestId, policy };
}

async function authorizerEvent(headers: Record<string, string>): Promise<Record<string, unknown>> {
  const head = { method: "GET", url: "/health", httpVersion: "1.1", headers: {}, rawHeaders: [], socket: {} };
  const event = await portico.host.eventOf(head, Buffer.alloc(0));
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return { ...event, type: "REQUEST", methodArn: "arn:aws:execute-api:x", headers, multiValueHeaders };
}

test("a request without a token is refused by the authorizer as token_missing, and is no forged token", async () => {
  const without: readonly Record<string, string>[] = [{}, { Authorization: "" }, { authorization: "  " }];
  const ids: string[] = [];
  for (const headers of without) {
    const { id, policy } = await authorize(headers);
    expect(policy.policyDocument.Statement[0].Effect).toBe("Deny");
    expect(policy.context).toMatchObject({
      code: "token_missing",
      challenge: expect.stringMatching(/^Bearer realm="portico", DPoP algs="[^"]+"$/) as string,
    });
    ids.push(id);
  }
  const forged = await authorize({ Authorization: "Bearer forged" });
  // The same process writes its lines in order, so those of the first calls have arrived as well.
  const forgedLines = await linesOf("token_forged");
  expect(forgedLines.map(({ requestId }) => requestId)).toEqual([forged.id]);
  const refused = await linesOf("token_refused");
  expect(refused.map(({ requestId, reason }) => [requestId, reason])).toEqual([
    ...ids.map((id) => [id, "token_missing"]),
    [forged.id, "token_invalid"],
  ]);
});

test.each([
  ["an operation", () => functionOf("partners-list"), "partners.list"],
  ["the authorizer", authorizer, "authorizer"],
])(
  "%s fails an event that lacks the request with a clear error and one line in the log",
  async (_, model, operation) => {
    portico.logs.length = 0;
    const outcome = await portico.host.invoke(model().id, { path: "/v1/partners" });
    expect(outcome).toEqual({
      failure: expect.objectContaining({
        errorType: "MalformedEvent",
        errorMessage: "the event is none of API Gateway's proxy integration: it lacks requestContext",
      }) as unknown,
    });
    expect(await linesOf("internal_error")).toEqual([
      expect.objectContaining({ operation, reason: "event_lacks_requestContext", errorName: "MalformedEvent" }),
    ]);
  },
);
