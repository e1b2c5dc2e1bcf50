import { problemCatalogue, problemCodes, type ProblemCode } from "../../../shared/domain/problems.ts";
import { problemList, problemPage } from "../../../shared/web/problems/pages.ts";

const publicUrl = "https://api.example.com/prod";
const pages = problemCodes.map((code) => [code, problemPage(code, publicUrl)] as const);

describe("the page of a problem", () => {
  test.each(pages)("%s says what it means, why it happens and what to do, in whole sentences", (_code, page) => {
    expect(page.causes.length).toBeGreaterThan(1);
    for (const text of [page.meaning, page.remedy, ...page.causes]) {
      expect(text).toMatch(/^[A-Z`].*\.$/su);
      expect(text.split(" ").length).toBeGreaterThan(2);
      expect(text.split("`").length % 2).toBe(1);
    }
  });

  test.each(pages)("%s shows the document that a caller gets", (code, { example }) => {
    const { status, title } = problemCatalogue[code];
    expect(example).toMatchObject({ type: `${publicUrl}/problems/${code}`, status, title, code });
    expect(example.instance).toBe(`urn:uuid:${example.requestId}`);
    expect(example.detail).toMatch(/\w.*\w/);
  });

  test("shows the fields where the code names them", () => {
    const naming = pages.filter(([, { example }]) => example.errors !== undefined).map(([code]) => code);
    const expected: ProblemCode[] = ["coupon_quantity_too_low", "validation_failed", "period_invalid"];
    expect(naming).toEqual(expect.arrayContaining(expected));
    for (const [, { example }] of pages) {
      for (const { pointer, detail } of example.errors ?? [])
        expect([pointer, detail]).toEqual([expect.stringMatching(/^\//), expect.stringMatching(/\w/)]);
    }
  });

  test("has no text of another one's", () => {
    for (const textsOf of [
      (page: (typeof pages)[number][1]) => [page.meaning],
      (page: (typeof pages)[number][1]) => [page.remedy],
      (page: (typeof pages)[number][1]) => page.causes,
      (page: (typeof pages)[number][1]) => [page.example.detail],
    ]) {
      const texts = pages.flatMap(([, page]) => textsOf(page));
      expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
    }
  });
});

test("the list has every code once, as its page says it", () => {
  const { problems } = problemList();
  expect(problems.map(({ code }) => code)).toEqual(problemCodes);
  for (const { code, meaning } of problems) expect(problemPage(code, publicUrl).meaning).toBe(meaning);
});
