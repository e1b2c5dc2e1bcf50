import { allPages as pagesOf } from "../../support/lists.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { partnerCalls } from "../../support/partners.ts";
import type { Answer } from "../../support/answer.ts";
import { inParallel, Portico } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { asRoot, read } = partnerCalls(portico);
const { create: subscribe } = subscriptionCalls(portico);

describe("listing partners", () => {
  interface Page {
    readonly items: readonly { readonly id: string; readonly createdAt: string }[];
    readonly nextCursor: string | null;
  }

  async function page(query: Readonly<Record<string, string>>): Promise<Page> {
    const { status, body } = await asRoot("GET", `/v1/partners?${new URLSearchParams(query).toString()}`);
    expect(status).toBe(200);
    return body;
  }

  async function allPages(limit: number): Promise<readonly Page[]> {
    const pages = [await page({ limit: String(limit) })];
    for (let cursor = pages[0]!.nextCursor; cursor !== null; cursor = pages.at(-1)!.nextCursor) {
      pages.push(await page({ limit: String(limit), cursor }));
    }
    return pages;
  }

  test("lists every partner once, newest first, for any page size", async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await portico.registerPartner()).id);
    const [one, other] = [await allPages(7), await allPages(50)];
    const [ids, otherIds] = [one, other].map((pages) => pages.flatMap(({ items }) => items.map(({ id }) => id)));
    expect(ids).toEqual(otherIds);
    expect(new Set(ids).size).toBe(ids!.length);
    expect(ids!.slice(0, 5)).toEqual(made.reverse());
    expect(one.slice(0, -1).every(({ items }) => items.length === 7)).toBe(true);
    const times = one.flatMap(({ items }) => items.map(({ createdAt }) => createdAt));
    expect(times).toEqual([...times].sort().reverse());
  });

  test("partners registered between two pages cause no gap and no duplicate", async () => {
    const before = new Set((await allPages(100)).flatMap(({ items }) => items.map(({ id }) => id)));
    const first = await page({ limit: "3" });
    await portico.registerPartner();
    const seen = first.items.map(({ id }) => id);
    for (let cursor = first.nextCursor; cursor !== null;) {
      const next = await page({ limit: "50", cursor });
      seen.push(...next.items.map(({ id }) => id));
      cursor = next.nextCursor;
    }
    expect(new Set(seen)).toEqual(before);
    expect(seen).toHaveLength(before.size);
  });

  test("returns 20 items per page by default, and 1 to 100 on request", async () => {
    await inParallel(22, () => portico.registerPartner());
    expect((await page({})).items).toHaveLength(20);
    expect((await page({ limit: "1" })).items).toHaveLength(1);
    expect((await page({ limit: "100" })).items.length).toBeGreaterThan(20);
  });

  test("lists a partner as reading returns it", async () => {
    const { id } = await portico.registerPartner();
    const { items } = await page({ limit: "5" });
    expect(items.find((item) => item.id === id)).toEqual((await read(id)).body);
  });

  test.each(["0", "101", "-1", "abc", "", "1.5", "1e2", "01", "+5", " 5"])("rejects limit=%j", async (limit) => {
    const answer = await asRoot("GET", `/v1/partners?${new URLSearchParams({ limit }).toString()}`);
    expectProblem(answer, 422, "validation_failed", ["/limit"]);
  });

  test("rejects unknown and repeated parameters", async () => {
    expectProblem(await asRoot("GET", "/v1/partners?order=oldest"), 422, "validation_failed", ["/order"]);
    expectProblem(await asRoot("GET", "/v1/partners?limit=5&limit=6"), 422, "validation_failed", ["/limit"]);
  });

  test("rejects a tampered cursor", async () => {
    await inParallel(2, () => portico.registerPartner());
    const { nextCursor } = await page({ limit: "1" });
    const cursor = nextCursor!;
    const middle = Math.floor(cursor.length / 2);
    const tamperedAt = (at: number): string =>
      `${cursor.slice(0, at)}${cursor[at] === "A" ? "B" : "A"}${cursor.slice(at + 1)}`;
    const tampered = [
      tamperedAt(0),
      tamperedAt(middle),
      cursor.slice(0, -4),
      `${cursor}AAAA`,
      `${cursor}=`,
      "garbage",
      "",
      "e30",
      unknownPartnerId,
    ];
    for (const wrong of tampered) {
      const answer = await asRoot("GET", `/v1/partners?${new URLSearchParams({ cursor: wrong }).toString()}`);
      expectProblem(answer, 400, "cursor_invalid");
    }
    expect((await page({ cursor, limit: "100" })).items.length).toBeGreaterThan(0);
  });

  test("a cursor reveals nothing about the item it points to", async () => {
    await inParallel(2, () => portico.registerPartner());
    const { items, nextCursor } = await page({ limit: "1" });
    const decoded = Buffer.from(nextCursor!, "base64url").toString("latin1");
    expect(nextCursor).not.toContain(items[0]!.id);
    expect(decoded).not.toContain(items[0]!.id.slice(4, 14));
    expect((await page({ limit: "1" })).nextCursor).not.toBe(nextCursor);
  });

  test("in every list, a cursor is bound to the list, its filters and its caller", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    for (const { token } of [one, other]) {
      for (const user of ["u1", "u2", "u3"]) expect((await subscribe(token, {}, { user })).status).toBe(201);
    }
    const list = async (token: string, query: string): Promise<Answer> =>
      await portico.call("GET", `/v1/subscriptions?${query}`, { token });
    const { body } = await list(one.token, "limit=1&status=active");
    const cursor = encodeURIComponent(body.nextCursor);
    expect((await list(one.token, `limit=2&status=active&cursor=${cursor}`)).status).toBe(200);
    expectProblem(await list(one.token, `limit=1&status=scheduled&cursor=${cursor}`), 400, "cursor_invalid");
    expectProblem(await list(one.token, `limit=1&cursor=${cursor}`), 400, "cursor_invalid");
    expectProblem(await list(other.token, `limit=1&status=active&cursor=${cursor}`), 400, "cursor_invalid");
    expectProblem(await asRoot("GET", `/v1/partners?cursor=${cursor}`), 400, "cursor_invalid");
  });
});

describe("finding partners", () => {
  const find = async (query: Readonly<Record<string, string>>): Promise<readonly any[]> => {
    const pages = await pagesOf(async (cursor) => {
      const parameters = new URLSearchParams({ ...query, ...(cursor && { cursor }) });
      return await asRoot("GET", `/v1/partners?${parameters.toString()}`);
    });
    return pages.flat();
  };
  const idsOf = (partners: readonly any[]) => partners.map(({ id }) => id as string);

  test("finds partners by the beginning of name, e-mail address and id, in any case, each once", async () => {
    const named = await portico.registerPartner({ name: "Zürich Bank", email: "Zurich@one.example" });
    const other = await portico.registerPartner({ name: "Other", email: "zurich.two@example.com" });
    for (const limit of ["1", "100"]) {
      expect(idsOf(await find({ search: "zurich", limit }))).toEqual([named.id, other.id]);
      expect(idsOf(await find({ search: "ZURICH@", limit }))).toEqual([named.id]);
      expect(idsOf(await find({ search: named.id, limit }))).toEqual([named.id]);
    }
    expect((await find({ search: named.id }))[0]).toEqual((await read(named.id)).body);
  });

  test("follows changes of name and e-mail address, and forgets deleted partners", async () => {
    const { id } = await portico.registerPartner({ name: "Before" });
    const { body } = await asRoot("PATCH", `/v1/partners/${id}`, { name: "Xylophone", email: "xeno@after.example" });
    expect(body.name).toBe("Xylophone");
    expect(idsOf(await find({ search: "xylo" }))).toEqual([id]);
    expect(idsOf(await find({ search: "xeno@" }))).toEqual([id]);
    expect(await find({ search: "before" })).toEqual([]);
    await asRoot("PATCH", `/v1/partners/${id}`, { status: "suspended" });
    expect((await find({ search: "xylo" }))[0]).toMatchObject({ id, status: "suspended" });
    await asRoot("DELETE", `/v1/partners/${id}`);
    expect(await find({ search: "xylo" })).toEqual([]);
    expect(await find({ search: "xeno@" })).toEqual([]);
  });

  test.each(["name", "email"])("sorts all partners by %s, for any page size", async (sort) => {
    const [one, other] = [await find({ sort, limit: "9" }), await find({ sort, limit: "100" })];
    expect(idsOf(one)).toEqual(idsOf(other));
    expect(new Set(idsOf(await find({ limit: "100" })))).toEqual(new Set(idsOf(one)));
    const emails = one.map(({ email }) => String(email).toLowerCase());
    if (sort === "email") expect(emails).toEqual(emails.toSorted());
  });

  test.each(["search=", "search=a&sort=name", "sort=status"])("rejects ?%s", async (query) => {
    expectProblem(await asRoot("GET", `/v1/partners?${query}`), 422, "validation_failed");
  });
});
