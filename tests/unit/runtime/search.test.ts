import {
  beginningWith,
  pageOfLists,
  pageWhere,
  searchForm,
  sortedPlace,
  type PagedSource,
} from "../../../shared/runtime/search.ts";

test.each([
  ["Ada Lovelace", "ada lovelace"],
  ["  ÅDA   Łovelace ", "ada łovelace"],
  ["Ｆｕｌｌ", "full"],
  ["İstanbul", "istanbul"],
  ["e\u0301", "e"],
  ["李 雷", "李 雷"],
])("%p is searched as %p", (text, form) => {
  expect(searchForm(text)).toBe(form);
});

test("every text that begins with another one lies between its ends in the order of DynamoDB, and no other", () => {
  const { from = "", to } = beginningWith("ada");
  const lies = (text: string) =>
    Buffer.compare(Buffer.from(text), Buffer.from(from)) >= 0 &&
    Buffer.compare(Buffer.from(text), Buffer.from(to)) <= 0;
  for (const inside of ["ada", "ada\tusr_1", "ada\uffff", "ada😀", "ada lovelace"])
    expect([inside, lies(inside)]).toEqual([inside, true]);
  for (const outside of ["ad", "adb", "Ada", "b", ""]) expect([outside, lies(outside)]).toEqual([outside, false]);
});

test("no range begins with an empty text, which DynamoDB refuses as a key", () => {
  expect(beginningWith("").from).toBeUndefined();
  expect(beginningWith("a").from).toBe("a");
});

test("a name stands before the longer names that begin with it", () => {
  const names = ["Grace", "Grace Hopper", "Grace-Ann", "Grace!", "Graces"];
  const places = names.map((name) => sortedPlace(name, "usr_9")).sort();
  expect(places[0]).toBe("grace\tusr_9");
  expect([sortedPlace("Ada", "usr_2"), sortedPlace("ADA", "usr_1")].sort()).toEqual(["ada\tusr_1", "ada\tusr_2"]);
});

/** A list of texts, each its own key. */
const listOf =
  (...all: readonly string[]): PagedSource<string> =>
  ({ after, limit }) => {
    const rest = all.filter((text) => after === undefined || text > after);
    const items = rest.slice(0, limit);
    return Promise.resolve({ items, lastKey: rest.length > limit ? items.at(-1) : undefined });
  };

test.each([1, 2, 3, 4, 7, 100])("lists follow each other without a gap, in pages of %p", async (limit) => {
  const lists = [listOf("a", "b", "c:d\ne"), listOf(), listOf("1", "2"), listOf("z")];
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await pageOfLists(lists, { after, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    seen.push(...page.items);
    after = page.lastKey;
  } while (after !== undefined);
  expect(seen).toEqual(["a", "b", "c:d\ne", "1", "2", "z"]);
});

test.each([1, 2, 5, 100])("what is wanted of a list is found once, in pages of %p", async (limit) => {
  const texts = Array.from({ length: 60 }, (_, index) => `${index % 20 === 7 ? "wanted" : "other"} ${index + 100}`);
  const keyed = texts.map((text) => text.split(" ").toReversed().join(" "));
  const isWanted = (text: string) => text.endsWith("wanted");
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await pageWhere(listOf(...keyed), isWanted, { after, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    seen.push(...page.items);
    after = page.lastKey;
  } while (after !== undefined);
  expect(seen).toEqual(["107 wanted", "127 wanted", "147 wanted"]);
});

test("a page reads a limited number of pages, also where nothing is wanted", async () => {
  let reads = 0;
  const endless: PagedSource<string> = ({ limit }) => {
    reads++;
    return Promise.resolve({ items: Array.from({ length: limit }, () => "other"), lastKey: `place ${reads}` });
  };
  expect(await pageWhere(endless, () => false, { after: undefined, limit: 10 })).toEqual({
    items: [],
    lastKey: "place 8",
  });
});
