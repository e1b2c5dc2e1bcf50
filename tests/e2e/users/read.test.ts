/** Reading users and oneself, and who cannot administer users. Covers `users/self`. */
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { malformedUserIds, userCalls } from "../../support/users.ts";
import { unknownUserId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { change, create, read, remove, self } = userCalls(portico);

describe("reading users", () => {
  test("reading a user by id returns what its creation returned", async () => {
    const { body } = await create({ credit: 7 });
    const answer = await read(body.id);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body });
    expect(answer.headers.get("etag")).toBe(body.etag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("users, administrators and root can read themselves", async () => {
    const [user, admin] = [await newPerson(portico), await newPerson(portico, "admin")];
    const answers = [
      await self(user.accessToken),
      await self(admin.accessToken),
      await self(await portico.rootToken()),
    ];
    expect(answers.map(({ body }) => body.role)).toEqual(["user", "admin", "root"]);
    expect(answers[0]!.body).toEqual({ ...(await read(user.id)).body, secondFactor: null });
    expect(answers[0]!.headers.get("etag")).toBe(answers[0]!.body.etag);
  });

  test.each([unknownUserId, ...malformedUserIds, "%20", "nobody"])("the id %s is not found", async (id) => {
    const answers = [await read(id), await change(id, { status: "suspended" }), await remove(id)];
    for (const answer of answers) expectProblem(answer, 404, "not_found");
  });
});

describe("access", () => {
  const administration = [
    ["POST", "/v1/users"],
    ["GET", "/v1/users"],
    ["GET", `/v1/users/${unknownUserId}`],
    ["PATCH", `/v1/users/${unknownUserId}`],
    ["DELETE", `/v1/users/${unknownUserId}`],
  ] as const;

  const ownership = [
    ["GET", "/v1/users/me"],
    ["PATCH", "/v1/users/me"],
    ["POST", "/v1/users/me/password"],
    ["POST", "/v1/users/me/second-factor"],
    ["POST", "/v1/users/me/second-factor/confirm"],
    ["POST", "/v1/users/me/second-factor/recovery-codes"],
    ["POST", "/v1/users/me/second-factor/remove"],
    ["POST", "/v1/auth/logout"],
  ] as const;

  test.each(administration)("users and partners cannot call %s %s, whatever the body", async (method, path) => {
    const { accessToken } = await newPerson(portico);
    const { token: partner } = await portico.partnerWithToken();
    for (const token of [accessToken, partner]) {
      expectProblem(await call(method, path, { token }), 403, "forbidden");
      if (method === "GET" || method === "DELETE") continue;
      expectProblem(await call(method, path, { token, json: { colour: "red" } }), 403, "forbidden");
    }
  });

  test("users cannot use administrators' operations on themselves", async () => {
    const { id, accessToken: token } = await newPerson(portico);
    const answers = [
      await call("GET", `/v1/users/${id}`, { token }),
      await call("PATCH", `/v1/users/${id}`, { token, json: { role: "admin" } }),
      await call("DELETE", `/v1/users/${id}`, { token }),
    ];
    for (const answer of answers) expectProblem(answer, 403, "forbidden");
  });

  test.each(ownership)("partners cannot call %s %s", async (method, path) => {
    const { token } = await portico.partnerWithToken();
    expectProblem(await call(method, path, { token }), 403, "forbidden");
  });

  test.each([...administration, ...ownership])("%s %s requires a token", async (method, path) => {
    expectProblem(await call(method, path, { json: method === "GET" ? undefined : {} }), 401, "token_missing");
  });

  test("DELETE /v1/users/me is not found, because `me` is not an id", async () => {
    const token = await portico.rootToken();
    expectProblem(await portico.call("DELETE", "/v1/users/me", { token }), 404, "not_found");
  });
});
