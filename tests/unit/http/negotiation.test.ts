import { preferredType } from "../../../shared/http/negotiation.ts";

const offered = ["application/json", "text/html"] as const;

test.each([
  [undefined, "application/json", "without the header everything is as good"],
  ["", "application/json", "nothing is named"],
  ["*/*", "application/json", "as good as each other"],
  ["text/html", "text/html", "named alone"],
  ["TEXT/HTML;charset=utf-8", "text/html", "case and parameters do not count"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", "as browsers ask"],
  ["text/html;q=0.5, application/json;q=0.9", "application/json", "the weight counts, not the order"],
  ["application/json;q=0.5, text/html;q=0.501", "text/html", "to three digits"],
  ["text/*;q=0.9, */*;q=0.1", "text/html", "by a range"],
  ["*/*, application/json;q=0", "text/html", "the more specific range says that it is not acceptable"],
  ["text/html;q=0.1, text/*;q=0.9, application/json;q=0.5", "application/json", "the more specific range counts"],
  ["text/html ; q = 0.9, application/json;q=0.8", "text/html", "with blanks"],
  ["image/png", "application/json", "none is acceptable"],
  ["text/html;q=0", "application/json", "refused, and the other one not named"],
  ["text/html;q=high, application/json;q=0.1", "application/json", "what is no weight"],
  ["text/html;q=1.5, application/json;q=0.1", "application/json", "too large a weight"],
  [";;,/,text", "application/json", "not a list of ranges"],
])("%j gets %s: %s", (accept, expected, _reason) => {
  expect(preferredType(accept, offered)).toBe(expected);
});

test("without a preference, the first offered type is chosen", () => {
  expect(preferredType("*/*", ["text/html", "application/json"])).toBe("text/html");
});
