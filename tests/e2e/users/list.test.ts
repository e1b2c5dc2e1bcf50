import { searchForm } from "../../../shared/runtime/search.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { newPerson, newUser, newUsername, plantUsers } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { userCalls } from "../../support/users.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { asRoot, read, remove, rootId } = userCalls(portico);

describe("listing users", () => {
  async function pagesOf(limit: number): Promise<any[][]> {
    return await allPages(async (cursor) =>
      asRoot("GET", `/v1/users?${new URLSearchParams({ limit: String(limit), ...(cursor && { cursor }) }).toString()}`),
    );
  }

  test("lists every user once, newest first and including root, for any page size", async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await newUser(portico)).id);
    const [one, other] = [await pagesOf(3), await pagesOf(100)];
    const ids = one.flat().map(({ id }) => id as string);
    expect(other.flat().map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.slice(0, 5)).toEqual(made.toReversed());
    expect(ids).toContain(await rootId());
    expect(one.slice(0, -1).every((items) => items.length === 3)).toBe(true);
  });

  test("lists users as reading returns them, without deleted ones", async () => {
    const [stays, goes] = [await newUser(portico), await newUser(portico)];
    expect((await remove(goes.id)).status).toBe(204);
    const items = (await pagesOf(100)).flat();
    expect(items.find(({ id }) => id === stays.id)).toEqual((await read(stays.id)).body);
    expect(items.map(({ id }) => id)).not.toContain(goes.id);
  });

  test("users created between two pages cause no gap and no duplicate", async () => {
    const before = (await pagesOf(100)).flat().map(({ id }) => id as string);
    const first = await asRoot("GET", "/v1/users?limit=2");
    await newUser(portico);
    const rest = await allPages(async (cursor) => {
      const query = new URLSearchParams({ limit: "100", cursor: cursor ?? first.body.nextCursor });
      return await asRoot("GET", `/v1/users?${query.toString()}`);
    });
    expect([...first.body.items, ...rest.flat()].map(({ id }) => id)).toEqual(before);
  });

  test("rejects a tampered cursor and another caller's cursor", async () => {
    await newUser(portico);
    await newUser(portico);
    const { body } = await asRoot("GET", "/v1/users?limit=1");
    const cursor = String(body.nextCursor);
    const tampered = `${cursor.startsWith("A") ? "B" : "A"}${cursor.slice(1)}`;
    expectProblem(await asRoot("GET", `/v1/users?cursor=${tampered}`), 400, "cursor_invalid");
    const { accessToken: token } = await newPerson(portico, "admin");
    expectProblem(await call("GET", `/v1/users?cursor=${cursor}`, { token }), 400, "cursor_invalid");
    expectProblem(await asRoot("GET", `/v1/partners?cursor=${cursor}`), 400, "cursor_invalid");
  });

  test.each(["limit=0", "limit=101", "limit=x", "role=root"])("rejects ?%s", async (query) => {
    expectProblem(await asRoot("GET", `/v1/users?${query}`), 422, "validation_failed");
  });
});

describe("finding users", () => {
  const find = async (query: Readonly<Record<string, string>>): Promise<readonly any[]> => {
    const pages = await allPages(async (cursor) => {
      const parameters = new URLSearchParams({ ...query, ...(cursor && { cursor }) });
      return await asRoot("GET", `/v1/users?${parameters.toString()}`);
    });
    return pages.flat();
  };
  const idsOf = (users: readonly any[]) => users.map(({ id }) => id as string);

  test("finds users by the beginning of username, name and id, in any case, each once", async () => {
    const named = await newUser(portico, { username: `Zeta.${newUsername().slice(2, 8)}`, name: "Élodie Été" });
    const other = await newUser(portico, { name: "Zeta Jones" });
    await newUser(portico, { name: "Alpha Zeta" });
    for (const limit of ["1", "100"]) {
      expect(idsOf(await find({ search: "zETA", limit }))).toEqual([named.id, other.id]);
      expect(idsOf(await find({ search: "elodie e", limit }))).toEqual([named.id]);
      expect(idsOf(await find({ search: named.id, limit }))).toEqual([named.id]);
      expect(idsOf(await find({ search: named.id.slice(0, -1), limit }))).toContain(named.id);
      expect(await find({ search: "nobody has this name", limit })).toEqual([]);
    }
  });

  test("finds a user whose username and name begin alike once", async () => {
    const both = await newUser(portico, { username: "omega-1", name: "Omega" });
    expect(idsOf(await find({ search: "omega" }))).toEqual([both.id]);
  });

  test("follows a change of the name, and forgets deleted users", async () => {
    const person = await newPerson(portico);
    const change = { token: person.accessToken, json: { name: "Theodora 😀 Nova" } };
    expect((await call("PATCH", "/v1/users/me", change)).status).toBe(200);
    expect(idsOf(await find({ search: "theodora" }))).toEqual([person.id]);
    expect(idsOf(await find({ search: "theodora 😀 n", limit: "1" }))).toEqual([person.id]);
    expect(idsOf(await find({ search: "Ada Lovelace" }))).not.toContain(person.id);
    await remove(person.id);
    expect(await find({ search: "theodora" })).toEqual([]);
    expect(await find({ search: person.username })).toEqual([]);
  });

  test.each(["username", "name"])("sorts all users by %s, for any page size", async (sort) => {
    await plantUsers(portico, 3);
    const [one, other] = [await find({ sort, limit: "3" }), await find({ sort, limit: "100" })];
    expect(idsOf(one)).toEqual(idsOf(other));
    expect(new Set(idsOf(await find({ limit: "100" })))).toEqual(new Set(idsOf(one)));
    const keys = one.map((user) => searchForm(String(user[sort])));
    expect(keys).toEqual(keys.toSorted());
  });

  test.each(["search=", "search=%20", "search=a&sort=name", "sort=credit", `search=${"x".repeat(81)}`, "search=a%00"])(
    "rejects ?%s",
    async (query) => {
      expectProblem(await asRoot("GET", `/v1/users?${query}`), 422, "validation_failed");
    },
  );

  test("a cursor belongs to its search", async () => {
    await plantUsers(portico, 2);
    const { body } = await asRoot("GET", "/v1/users?search=u-&limit=1");
    expectProblem(await asRoot("GET", `/v1/users?search=u&cursor=${body.nextCursor}`), 400, "cursor_invalid");
  });
});
