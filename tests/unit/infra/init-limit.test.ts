import { initSecondsOf } from "../../../infra/local/lambda/init-limit.ts";

test("is Lambda's 10 s unless the variable sets another one", () => {
  expect(initSecondsOf({})).toBe(10);
  expect(initSecondsOf({ PORTICO_INIT_SECONDS: "" })).toBe(10);
  expect(initSecondsOf({ PORTICO_INIT_SECONDS: "45" })).toBe(45);
});

test.each(["0", "601", "-1", "1.5", "ten", "9999"])("refuses %s in one line", (value) => {
  expect(() => initSecondsOf({ PORTICO_INIT_SECONDS: value })).toThrow(
    "PORTICO_INIT_SECONDS must be a whole number from 1 to 600",
  );
});
