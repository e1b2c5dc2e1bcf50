/** Size and media type of an operation's body. */
import type { AnyOperation } from "../../../../shared/contract/operation.ts";
import { json, shareOf, withMember, type BodyCalls } from "../../../support/bodies.ts";
import { pointersOf, verdict } from "../../../support/answer.ts";

/** A body of this size that is rejected only for its unknown member. */
function ofSize(bytes: number, filler = " "): string {
  const frame = '{"surprise":""}';
  return filler === " "
    ? frame + " ".repeat(bytes - frame.length)
    : frame.replace('""', `"${filler.repeat((bytes - frame.length) / Buffer.byteLength(filler))}"`);
}

const unsupported = [
  ...[
    "text/plain",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
  ],
  ...[
    "application/jsonp",
    "application/json-patch+json",
    "application/problem+json",
    "application/*",
    "*/*",
    "json",
    ";",
    ",",
  ],
  ...["application/json; charset=latin1", "application/json; charset=iso-8859-1", 'application/json; charset="utf-16"'],
  ...["application/json; charset=", "application/json, text/plain"],
];

/** Registers the test of any operation that may have a body. */
export function testMaximumSize(operation: AnyOperation, { send }: BodyCalls): void {
  test("rejects a body over 64 KiB", async () => {
    const { errorFormat, request } = operation;
    const type = request.bodyType === "form" ? { "content-type": "application/x-www-form-urlencoded" } : json;
    for (const body of [ofSize(65_537), ofSize(65_539, "\u20ac"), "x".repeat(1_000_000)]) {
      const answer = await send(operation, body, type);
      expect(answer.status).toBe(413);
      if (errorFormat !== "oauth") expect(answer.body.code).toBe("body_too_large");
    }
  });
}

/** Registers the tests of an operation with a JSON body. */
export function testMediaType(operation: AnyOperation, { send, expectRefused }: BodyCalls): void {
  test("accepts a body of exactly 65,536 bytes", async () => {
    const bodies = [ofSize(65_536), ofSize(65_536 - ((65_536 - 15) % 3), "\u20ac")];
    await expectRefused(operation, bodies, "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toContain("/surprise"),
    );
  });

  test("accepts only JSON in UTF-8", async () => {
    const body = withMember(operation, "surprise", "1");
    for (const type of shareOf(unsupported, operation)) {
      expect(`${verdict(await send(operation, body, { "content-type": type }))} for ${type}`).toBe(
        `415 media_type_unsupported for ${type}`,
      );
    }
    expect(verdict(await send(operation, new TextEncoder().encode(body), {}))).toBe("415 media_type_unsupported");
  });

  test("accepts the media type in any spelling", async () => {
    const types = [
      "application/json",
      "APPLICATION/JSON",
      "application/json; charset=UTF-8",
      'application/json;charset="utf-8"',
      "application/json ; charset=utf-8",
      "application/json; profile=x",
    ];
    for (const type of shareOf(types, operation, 3)) {
      const answer = await send(operation, withMember(operation, "surprise", "1"), { "content-type": type });
      expect(pointersOf(answer)).toEqual(["/surprise"]);
    }
  });

  test("accepts the media type of merge patches only for PATCH", async () => {
    const type = "application/merge-patch+json";
    const answer = await send(operation, withMember(operation, "surprise", "1"), { "content-type": type });
    expect(answer.status).toBe(operation.method === "PATCH" ? 422 : 415);
  });
}
