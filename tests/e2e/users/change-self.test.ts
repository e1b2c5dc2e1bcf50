import { pointersOf, verdict } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { userCalls } from "../../support/users.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { change, changeSelf, read, self } = userCalls(portico);

describe("changing one's own profile", () => {
  test("changes the given fields, keeps the others, and changes the ETag", async () => {
    const { accessToken } = await newPerson(portico);
    const before = await self(accessToken);
    const answer = await changeSelf(accessToken, { birthDate: "1915-12-10", sex: "female" });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        ...before.body,
        birthDate: "1915-12-10",
        sex: "female",
        updatedAt: expect.stringMatching(instant),
        etag: answer.body.etag,
      },
    });
    expect(answer.body.etag).not.toBe(before.body.etag);
    expect((await self(accessToken)).body).toEqual(answer.body);
    const renamed = await changeSelf(accessToken, { name: "Augusta Ada King" });
    expect(renamed.body).toMatchObject({ name: "Augusta Ada King", birthDate: "1915-12-10", sex: "female" });
  });

  test("does not end the session", async () => {
    const { accessToken } = await newPerson(portico);
    await changeSelf(accessToken, { name: "Augusta Ada King" });
    expect((await self(accessToken)).status).toBe(200);
  });

  test("null clears an optional field (RFC 7396)", async () => {
    const { accessToken } = await newPerson(portico);
    await changeSelf(accessToken, { birthDate: "1915-12-10", sex: "other" });
    const { status, body } = await changeSelf(accessToken, { birthDate: null, sex: null });
    expect({ status, birthDate: body.birthDate, sex: body.sex }).toEqual({ status: 200, birthDate: null, sex: null });
  });

  test.each([
    ["no fields", {}],
    ["unchanged values", { name: "Ada Lovelace", birthDate: null }],
  ])("a PATCH with %s keeps ETag and updatedAt", async (_what, json) => {
    const { accessToken } = await newPerson(portico);
    const before = await self(accessToken);
    const answer = await changeSelf(accessToken, json);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: before.body });
  });

  test.each(["male", "female", "other"])("accepts the sex %s", async (sex) => {
    const { accessToken } = await newPerson(portico);
    expect((await changeSelf(accessToken, { sex })).body.sex).toBe(sex);
  });

  test.each(["2000-02-29", "2024-02-29", "1900-02-28", "1999-12-31"])(
    "accepts the birth date %s",
    async (birthDate) => {
      const { accessToken } = await newPerson(portico);
      expect((await changeSelf(accessToken, { birthDate })).body.birthDate).toBe(birthDate);
    },
  );

  test("rejects a birth date that is not in the past", async () => {
    const { accessToken } = await newPerson(portico);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    for (const birthDate of [tomorrow, "2674-09-01", "9999-12-31"]) {
      const { status, body } = await changeSelf(accessToken, { birthDate });
      expect({ status, errors: body.errors }).toEqual({
        status: 422,
        errors: [{ pointer: "/birthDate", detail: "must be in the past" }],
      });
    }
  });

  test("rejects invalid values and names each field", async () => {
    const { accessToken } = await newPerson(portico);
    const before = await self(accessToken);
    const wrong: readonly (readonly [unknown, string])[] = [
      ...["2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00"].map(
        (birthDate) => [{ birthDate }, "/birthDate"] as const,
      ),
      ...["", "10.12.1915", "1915-12-10T00:00:00Z", "19151210", "1915-12-1", 1915, {}].map(
        (birthDate) => [{ birthDate }, "/birthDate"] as const,
      ),
      ...["", "Female", "f", "unknown", 1].map((sex) => [{ sex }, "/sex"] as const),
      ...["", " ", "x".repeat(81), "two\nlines", null, 7].map((name) => [{ name }, "/name"] as const),
      ...["username", "password", "credit", "role", "status", "id", "etag", "createdAt"].map(
        (field) => [{ name: "x", [field]: "admin" }, `/${field}`] as const,
      ),
    ];
    const verdicts: unknown[] = [];
    for (const [json] of wrong) {
      const answer = await changeSelf(accessToken, json);
      verdicts.push([json, verdict(answer), [...new Set(pointersOf(answer))]]);
    }
    expect(verdicts).toEqual(wrong.map(([json, pointer]) => [json, "422 validation_failed", [pointer]]));
    expect((await self(accessToken)).body).toEqual(before.body);
  });

  test("rejects a stale If-Match and accepts the current ETag", async () => {
    const { accessToken } = await newPerson(portico);
    const { body } = await self(accessToken);
    const first = await changeSelf(accessToken, { sex: "female" }, { "if-match": body.etag });
    expect(first.status).toBe(200);
    const late = await changeSelf(accessToken, { sex: "male" }, { "if-match": body.etag });
    expectProblem(late, 412, "precondition_failed");
    expect((await changeSelf(accessToken, { sex: "other" }, { "if-match": first.body.etag })).body.sex).toBe("other");
  });

  test("parallel changes of three fields and the status all take effect", async () => {
    const { id, accessToken } = await newPerson(portico, "admin");
    const { accessToken: admin } = await newPerson(portico, "admin");
    const answers = await Promise.all([
      changeSelf(accessToken, { name: "Augusta Ada King" }),
      changeSelf(accessToken, { birthDate: "1915-12-10" }),
      changeSelf(accessToken, { sex: "female" }),
      call("PATCH", `/v1/users/${id}`, { token: admin, json: { status: "active" } }),
    ]);
    expect(tally(answers.map(verdict))).toEqual({ 200: 4 });
    expect((await read(id)).body).toMatchObject({
      name: "Augusta Ada King",
      birthDate: "1915-12-10",
      sex: "female",
      status: "active",
    });
  });

  test("of fifty parallel changes with the same If-Match, exactly one succeeds", async () => {
    const { accessToken } = await newPerson(portico);
    const { body } = await self(accessToken);
    const answers = await inParallel(50, (index) =>
      changeSelf(accessToken, { name: `Ada ${index}` }, { "if-match": body.etag }),
    );
    expect(tally(answers.map(verdict))).toEqual({ 200: 1, "412 precondition_failed": 49 });
    const winner = answers.findIndex(({ status }) => status === 200);
    expect((await self(accessToken)).body.name).toBe(`Ada ${winner}`);
  });

  test("a parallel suspension and change of the profile both take effect", async () => {
    const { id, accessToken } = await newPerson(portico);
    const [changed, suspended] = await Promise.all([
      changeSelf(accessToken, { name: "Augusta Ada King" }),
      change(id, { status: "suspended" }),
    ]);
    expect(suspended.status).toBe(200);
    expect(["200", "401 token_revoked"]).toContain(verdict(changed));
    const { body } = await read(id);
    expect(body.status).toBe("suspended");
    expect(body.name).toBe(changed.status === 200 ? "Augusta Ada King" : "Ada Lovelace");
  });
});
