/** Lists of subscriptions: pages, filters and cursors. Covers `subscriptions/list-of-partner`. */
import { allPages } from "../../support/lists.ts";
import { newPerson } from "../../support/people.ts";
import { pointersOf, verdict, type Answer } from "../../support/answer.ts";
import { inParallel, Portico } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { unknownPartnerId } from "../../support/values.ts";

const statuses = ["scheduled", "active", "expired", "cancelled"] as const;

const portico = Portico.forSuite();
const { call } = portico;
const { createExpired } = subscriptionCalls(portico);

/** A partner with subscriptions of all four statuses and with ends on both sides of the filtered bounds. */
let mixed: { readonly id: string; readonly token: string; readonly subscriptions: readonly any[] };

beforeAll(async () => {
  mixed = await makeMixed();
});

async function create(token: string, externalUserId: string, fields: object = {}): Promise<Answer> {
  const json = { externalUserId, userEmail: "u@example.com", duration: "P1M", ...fields };
  const answer = await call("POST", "/v1/subscriptions", { token, json });
  if (answer.status !== 201) throw new Error(`not created: ${answer.text}`);
  return answer;
}

async function makeMixed(): Promise<typeof mixed> {
  const { id, token } = await portico.partnerWithToken();
  // Created in an order that is neither by name nor by end.
  for (const [name, fields] of Object.entries({
    "m-scheduled": { startsAt: "2096-01-01T00:00:00Z" },
    "d-scheduled": { startsAt: "2095-01-01T00:00:00Z", duration: "P1D" },
    "k-active": { duration: "P1Y" },
    "b-active": { duration: "P1D" },
    "z-active": { duration: "P10Y" },
    "y-active": { duration: "P1M" },
    "c-cancelled": { duration: "P1M" },
    "x-cancelled": { startsAt: "2096-01-01T00:00:00Z" },
    "a-cancelled": { duration: "P2W" },
  })) {
    await create(token, name, fields);
  }
  for (const user of ["x-cancelled", "c-cancelled", "a-cancelled"]) {
    await call("DELETE", `/v1/subscriptions/${user}`, { token });
  }
  await Promise.all(["n-expired", "e-expired"].map((user) => createExpired(token, user)));
  const subscriptions = (await call("GET", "/v1/subscriptions?limit=100", { token })).body.items;
  return { id, token, subscriptions };
}

const queryOf = (parameters: Record<string, string>): string => new URLSearchParams(parameters).toString();

/** All pages of a filtered list. */
async function walk(token: string, parameters: Readonly<Record<string, string>> = {}): Promise<any[][]> {
  return await allPages((cursor) =>
    call("GET", `/v1/subscriptions?${queryOf({ ...parameters, ...(cursor !== undefined && { cursor }) })}`, { token }),
  );
}

const names = (items: readonly any[]): string[] => items.map(({ externalUserId }) => externalUserId);

describe("pages", () => {
  test("without filters, lists subscriptions by external user id, twenty per page", async () => {
    const { token } = await portico.partnerWithToken();
    const users = Array.from({ length: 23 }, (_, index) => `${"zZ9:@~_-.a"[index % 10]}${index}`);
    await inParallel(users.length, (index) => create(token, users[index] ?? ""));
    const { body } = await call("GET", "/v1/subscriptions", { token });
    expect(names(body.items)).toEqual([...users].sort().slice(0, 20));
    expect(body.nextCursor).toEqual(expect.any(String));
    const pages = await walk(token);
    expect(pages.map((page) => page.length)).toEqual([20, 3]);
    expect(names(pages.flat())).toEqual([...users].sort());
  });

  test("an empty list has one empty page", async () => {
    const { token } = await portico.partnerWithToken();
    expect(await walk(token)).toEqual([[]]);
    expect(await walk(token, { status: "active", expiresBefore: "2096-01-01T00:00:00Z" })).toEqual([[]]);
  });

  test.each(["1", "2", "3", "10", "11", "12", "100"])(
    "pages with limit=%s contain each subscription exactly once",
    async (limit) => {
      const pages = await walk(mixed.token, { limit });
      expect(names(pages.flat())).toEqual(names(mixed.subscriptions));
      expect(pages.every((page) => page.length <= Number(limit))).toBe(true);
    },
  );

  test("lists a subscription as reading returns it", async () => {
    for (const subscription of mixed.subscriptions) {
      const { body } = await call("GET", `/v1/subscriptions/${subscription.externalUserId}`, { token: mixed.token });
      expect(subscription).toEqual(body);
    }
  });

  test("a subscription created after the cursor is listed, and none is listed twice", async () => {
    const { token } = await portico.partnerWithToken();
    for (const user of ["b", "d", "f"]) await create(token, user);
    const first = await call("GET", "/v1/subscriptions?limit=2", { token });
    await create(token, "a");
    await create(token, "e");
    const second = await call("GET", `/v1/subscriptions?limit=100&cursor=${first.body.nextCursor}`, { token });
    expect([names(first.body.items), names(second.body.items)]).toEqual([
      ["b", "d"],
      ["e", "f"],
    ]);
    expect(second.body.nextCursor).toBeNull();
  });

  test.each(["0", "101", "-1", "1.5", "ten", "", "01", "1e1", "+1", " 1", "0x10", "99999999999999999999"])(
    "rejects limit=%j",
    async (limit) => {
      const answer = await call("GET", `/v1/subscriptions?limit=${encodeURIComponent(limit)}`, { token: mixed.token });
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/limit"]);
    },
  );
});

describe("filters", () => {
  const bounds = [
    undefined,
    "1970-01-01T00:00:00Z",
    "2095-01-02T00:00:00.000Z",
    "2095-01-02T00:00:00.001Z",
    "9999-12-31T23:59:59.999Z",
  ];
  const grid = [undefined, ...statuses].flatMap((status) =>
    bounds.map((expiresBefore) => [status, expiresBefore] as const),
  );

  test.each(grid.filter(([status, bound]) => status !== undefined || bound !== undefined))(
    "status %s and expiresBefore %s list exactly the matches, ordered by end",
    async (status, expiresBefore) => {
      const fitting = mixed.subscriptions
        .filter((one) => status === undefined || one.status === status)
        .filter((one) => expiresBefore === undefined || Date.parse(one.expiresAt) < Date.parse(expiresBefore));
      const byEnd = names([...fitting].sort((a, b) => (a.expiresAt < b.expiresAt ? -1 : 1)));
      const parameters = {
        ...(status !== undefined && { status }),
        ...(expiresBefore !== undefined && { expiresBefore }),
      };
      for (const limit of ["1", "2", "100"]) {
        const pages = await walk(mixed.token, { ...parameters, limit });
        expect(names(pages.flat())).toEqual(byEnd);
        expect(pages.every((page) => page.length <= Number(limit))).toBe(true);
      }
    },
  );

  test("the fixture contains all four statuses", () => {
    expect(new Set(mixed.subscriptions.map(({ status }) => status))).toEqual(new Set(statuses));
    expect(names(mixed.subscriptions)).toEqual([...names(mixed.subscriptions)].sort());
  });

  test("expiresBefore is exclusive", async () => {
    const { expiresAt } = mixed.subscriptions.find(({ externalUserId }) => externalUserId === "b-active");
    const next = new Date(Date.parse(expiresAt) + 1).toISOString();
    const listed = async (expiresBefore: string) => names((await walk(mixed.token, { expiresBefore })).flat());
    expect(await listed(expiresAt)).not.toContain("b-active");
    expect(await listed(next)).toContain("b-active");
  });

  test("expiresBefore accepts any offset", async () => {
    const utc = await walk(mixed.token, { expiresBefore: "2095-01-02T00:00:00.001Z" });
    expect(await walk(mixed.token, { expiresBefore: "2095-01-02T05:30:00.001+05:30" })).toEqual(utc);
    expect(names(utc.flat())).toContain("d-scheduled");
  });

  test("a status filter finds a few matches among many items", async () => {
    const { token } = await portico.partnerWithToken();
    await inParallel(40, (index) => create(token, `active-${index}`));
    await create(token, "scheduled", { startsAt: "2096-01-01T00:00:00Z" });
    const pages = await walk(token, { status: "scheduled", limit: "2" });
    expect(names(pages.flat())).toEqual(["scheduled"]);
  });

  test.each([
    ["status", "live"],
    ["status", ""],
    ["status", "Active"],
    ["expiresBefore", "tomorrow"],
    ["expiresBefore", "2096-02-30T00:00:00Z"],
    ["expiresBefore", ""],
  ])("rejects %s=%j", async (name, value) => {
    const answer = await call("GET", `/v1/subscriptions?${queryOf({ [name]: value })}`, {
      token: mixed.token,
    });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual([`/${name}`]);
  });
});

describe("cursors", () => {
  const list = (query: string, token = mixed.token) => call("GET", `/v1/subscriptions?${query}`, { token });
  const cursorOf = async (query: string) => (await list(query)).body.nextCursor as string;

  test("a cursor works with a different limit", async () => {
    const cursor = await cursorOf("limit=1");
    const { body } = await list(`limit=100&cursor=${cursor}`);
    expect(names(body.items)).toEqual(names(mixed.subscriptions).slice(1));
  });

  test("a cursor reveals nothing about the item it points to", async () => {
    const cursor = await cursorOf("limit=1");
    const text = Buffer.from(cursor, "base64url").toString("latin1");
    expect(text).not.toContain("cancelled");
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test("a cursor is bound to its filters", async () => {
    const plain = await cursorOf("limit=1");
    const active = await cursorOf("limit=1&status=active");
    const early = await cursorOf("limit=1&status=active&expiresBefore=2096-01-01T00:00:00Z");
    const refused = [
      `status=active&cursor=${plain}`,
      `cursor=${active}`,
      `status=scheduled&cursor=${active}`,
      `status=active&cursor=${early}`,
      `status=active&expiresBefore=2097-01-01T00:00:00Z&cursor=${early}`,
    ];
    for (const query of refused) expect(verdict(await list(query))).toBe("400 cursor_invalid");
    expect((await list(`expiresBefore=2096-01-01T00:00:00Z&status=active&cursor=${early}`)).status).toBe(200);
  });

  test("a cursor is bound to its caller", async () => {
    const cursor = await cursorOf("limit=1");
    const other = await portico.partnerWithToken();
    await create(other.token, "u1");
    expect(verdict(await list(`cursor=${cursor}`, other.token))).toBe("400 cursor_invalid");
  });

  test("a cursor is bound to its list", async () => {
    const { token } = await portico.partnerWithToken();
    for (const user of ["u1", "u2"]) {
      await create(token, user);
      await call("PUT", `/v1/subscriptions/${user}`, { token, json: { duration: "P1D" } });
    }
    const history = (user: string, query: string) =>
      call("GET", `/v1/subscriptions/${user}/history?${query}`, { token });
    const { nextCursor } = (await history("u1", "limit=1")).body;
    expect((await history("u1", `cursor=${nextCursor}`)).body.items).toHaveLength(1);
    expect(verdict(await history("u2", `cursor=${nextCursor}`))).toBe("400 cursor_invalid");
    expect(verdict(await list(`cursor=${nextCursor}`, token))).toBe("400 cursor_invalid");
    const ofList = (await list("limit=1", token)).body.nextCursor;
    expect(verdict(await history("u1", `cursor=${ofList}`))).toBe("400 cursor_invalid");
  });

  test("rejects a cursor with any character changed", async () => {
    const cursor = await cursorOf("limit=1");
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const tampered = Array.from({ length: cursor.length }, (_, index) => {
      const other = alphabet[(alphabet.indexOf(cursor[index] ?? "") + 1) % alphabet.length];
      return `${cursor.slice(0, index)}${other}${cursor.slice(index + 1)}`;
    });
    const answers = await inParallel(tampered.length, (index) => list(`cursor=${tampered[index]}`));
    expect(new Set(answers.map(verdict))).toEqual(new Set(["400 cursor_invalid"]));
  });

  test("rejects text that is not a cursor", async () => {
    const cursor = await cursorOf("limit=1");
    const wrong = [
      "",
      "x",
      "null",
      "a-cancelled",
      `${cursor}=`,
      `${cursor}A`,
      ` ${cursor}`,
      cursor.slice(1),
      cursor.slice(0, -1),
      "A".repeat(5000),
      "ä",
      "%",
    ];
    for (const one of wrong) {
      expect(verdict(await list(`cursor=${encodeURIComponent(one)}`))).toBe("400 cursor_invalid");
    }
  });
});

describe("listing a partner's subscriptions as an administrator", () => {
  const list = (token: string, query = "", partnerId = mixed.id) =>
    call("GET", `/v1/partners/${partnerId}/subscriptions?${query}`, { token });

  test("returns the partner's own list with the same filters and pages", async () => {
    const admin = (await newPerson(portico, "admin")).accessToken;
    for (const query of ["", "limit=3", "status=active", "expiresBefore=2095-01-02T00:00:00.001Z"]) {
      const parameters = Object.fromEntries(new URLSearchParams(query));
      const pages = await allPages((cursor) =>
        list(admin, queryOf({ ...parameters, ...(cursor !== undefined && { cursor }) })),
      );
      expect(pages).toEqual(await walk(mixed.token, parameters));
    }
  });

  test("a cursor is bound to the partner, the caller and the filters", async () => {
    const root = await portico.rootToken();
    const admin = (await newPerson(portico, "admin")).accessToken;
    const other = await portico.registerPartner();
    const { nextCursor } = (await list(root, "limit=1")).body;
    expect((await list(root, `cursor=${nextCursor}`)).body.items).toHaveLength(mixed.subscriptions.length - 1);
    for (const answer of [
      await list(root, `cursor=${nextCursor}`, other.id),
      await list(admin, `cursor=${nextCursor}`),
      await list(root, `status=active&cursor=${nextCursor}`),
      await call("GET", `/v1/subscriptions?cursor=${nextCursor}`, { token: mixed.token }),
    ]) {
      expect(verdict(answer)).toBe("400 cursor_invalid");
    }
  });

  test("returns 404 for an unknown or malformed partner id, and an empty list without subscriptions", async () => {
    const root = await portico.rootToken();
    for (const id of [unknownPartnerId, "ptr_x", "me", "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF"]) {
      expect(verdict(await list(root, "", id))).toBe("404 not_found");
    }
    const { id } = await portico.registerPartner();
    expect((await list(root, "", id)).body).toEqual({ items: [], nextCursor: null });
  });

  test("only administrators can call it, so nobody else learns which partners exist", async () => {
    const user = (await newPerson(portico)).accessToken;
    for (const token of [user, mixed.token]) {
      for (const id of [mixed.id, unknownPartnerId]) {
        expect(verdict(await list(token, "limit=0", id))).toBe("403 forbidden");
      }
    }
  });
});

test("rejects an unknown or repeated parameter and names it", async () => {
  const answers = await Promise.all(
    [
      ["surprise=1", "/surprise"],
      ["limit=1&limit=1", "/limit"],
      ["status=active&status=expired", "/status"],
      ["Limit=1", "/Limit"],
      ["limit%5B%5D=1", "/limit[]"],
      ["a%2Fb~c=1", "/a~1b~0c"],
      ["__proto__=1", "/__proto__"],
      ["constructor=1", "/constructor"],
    ].map(async ([query, pointer]) => ({
      pointer,
      answer: await call("GET", `/v1/subscriptions?${query}`, { token: mixed.token }),
    })),
  );
  for (const { answer, pointer } of answers) {
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual([pointer]);
  }
});

describe("finding a subscription of a partner", () => {
  const path = (query: string) => `/v1/partners/${mixed.id}/subscriptions?limit=1&${query}`;
  const found = async (query: string): Promise<readonly any[]> =>
    (await allPages((cursor) => portico.callAsRoot("GET", path(query) + (cursor ? `&cursor=${cursor}` : "")))).flat();

  test("by the beginning of the external user id, in the order of the ids", async () => {
    const all = mixed.subscriptions.map(({ externalUserId }) => externalUserId as string).toSorted();
    const wanted = all.filter((id) => id.startsWith(all[0]!.slice(0, 2)));
    const shown = await found(`externalUserIdPrefix=${all[0]!.slice(0, 2)}`);
    expect(shown.map(({ externalUserId }) => externalUserId)).toEqual(wanted);
    expect(await found("externalUserIdPrefix=~~~")).toEqual([]);
  });

  test("by the id of a subscription, also of one that was followed by another one", async () => {
    const { id, token } = await portico.partnerWithToken();
    const calls = subscriptionCalls(portico);
    const first = (await calls.create(token)).body;
    await calls.extend(token);
    await calls.cancel(token);
    const second = (await calls.create(token)).body;
    const find = async (partnerId: string, subscriptionId: string) =>
      (await portico.callAsRoot("GET", `/v1/partners/${partnerId}/subscriptions?subscriptionId=${subscriptionId}`))
        .body;
    for (const subscriptionId of [first.id, second.id]) {
      expect(await find(id, subscriptionId)).toEqual({ items: [second], nextCursor: null });
    }
    expect(await find(mixed.id, first.id)).toEqual({ items: [], nextCursor: null });
    expect(await find(id, "sub_01JD3Y5W8Q4T6V2X9ZB7C1D3EF")).toEqual({ items: [], nextCursor: null });
  });

  test.each([
    "externalUserIdPrefix=%20",
    "subscriptionId=sub_1",
    "externalUserIdPrefix=a&status=active",
    "externalUserIdPrefix=a&subscriptionId=sub_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  ])("rejects ?%s", async (query) => {
    expect(verdict(await portico.callAsRoot("GET", path(query)))).toBe("422 validation_failed");
  });
});
