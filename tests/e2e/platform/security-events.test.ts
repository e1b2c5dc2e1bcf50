import { errorAnswer, type Interceptor, type ServiceAnswer } from "../../../infra/local/services/service-proxy.ts";
import type { Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { newUser } from "../../support/people.ts";
import { eventually } from "../../support/waiting.ts";

/** Runs before the next transaction of `users.change`, between its read and its write; an answer of its own replaces AWS's. */
let beforeCommit: (() => Promise<ServiceAnswer | undefined>) | undefined;

const intercept: Interceptor = async ({ functionId, action }, next) => {
  const run = beforeCommit;
  if (run === undefined || action !== "TransactWriteItems" || !functionId.endsWith("users-change")) return await next();
  beforeCommit = undefined;
  return (await run()) ?? (await next());
};

const portico = Portico.forSuite({ interceptors: [intercept] });

/** The number of `role_changed` lines of a request, once its `request_served` line is written. */
async function roleChangesLogged(answer: Answer): Promise<number> {
  const requestId = answer.headers.get("x-request-id") ?? "";
  const linesOf = (code: string) =>
    portico.logs
      .flatMap((text) => text.split("\n"))
      .filter((line) => line.includes(requestId) && line.includes(`"code":"${code}"`)).length;
  await eventually(
    async () => linesOf("request_served"),
    (lines) => lines > 0,
  );
  return linesOf("role_changed");
}

async function makeAdministrator(userId: string): Promise<Answer> {
  const token = await portico.rootToken();
  return await portico.call("PATCH", `/v1/users/${userId}`, { token, json: { role: "admin" } });
}

test("a retry after a conflict logs the security event once", async () => {
  const { id } = await newUser(portico);
  const token = await portico.rootToken();
  let conflicting: Answer | undefined;
  beforeCommit = async () => {
    conflicting = await portico.call("POST", `/v1/users/${id}/credit`, { token, json: { amount: 1, reason: "Race" } });
    return undefined;
  };
  const answer = await makeAdministrator(id);
  expect([conflicting?.status, answer.status, answer.body.role]).toEqual([201, 200, "admin"]);
  expect(await roleChangesLogged(answer)).toBe(1);
});

test("a failed commit logs no security event", async () => {
  const { id } = await newUser(portico);
  beforeCommit = async () => errorAnswer("AccessDeniedException", "not now");
  const answer = await makeAdministrator(id);
  expect(answer.status).toBe(500);
  expect(await roleChangesLogged(answer)).toBe(0);
});
