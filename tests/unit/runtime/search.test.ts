import {
  beginningWith,
  pageOfLists,
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
  const { from, to } = beginningWith("ada");
  const lies = (text: string) =>
    Buffer.compare(Buffer.from(text), Buffer.from(from)) >= 0 &&
    Buffer.compare(Buffer.from(text), Buffer.from(to)) <= 0;
  for (const inside of ["ada", "ada\tusr_1", "ada\uffff", "ada😀", "ada lovelace"])
    expect([inside, lies(inside)]).toEqual([inside, true]);
  for (const outside of ["ad", "adb", "Ada", "b", ""]) expect([outside, lies(outside)]).toEqual([outside, false]);
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
