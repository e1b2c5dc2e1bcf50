import fc from "fast-check";
import { etagOf, requireMatch } from "../../../shared/domain/etag.ts";

const passes = (ifMatch: string | undefined, revision: number) => {
  try {
    requireMatch(ifMatch, revision);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "precondition_failed" });
    return false;
  }
};

test("an entity tag is a revision in quotes", () => {
  expect([etagOf(1), etagOf(120)]).toEqual(['"1"', '"120"']);
});

test("a tag matches only its own revision", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (one, other) => {
      expect(passes(etagOf(one), other)).toBe(one === other);
    }),
  );
});

test.each([undefined, "*", " * ", '"7"', ' "7" ', "7", '"1", "7"', '"7","8"', '"x" , "7"'])(
  "%j matches revision 7",
  (ifMatch) => {
    expect(passes(ifMatch, 7)).toBe(true);
  },
);

test.each(["", '""', '"77"', '"07"', 'W/"7"', '"*"', "'7'", '"7', '7"', "7.0", '"1","2"', ",", "NaN"])(
  "%j does not match revision 7",
  (ifMatch) => {
    expect(passes(ifMatch, 7)).toBe(false);
  },
);
