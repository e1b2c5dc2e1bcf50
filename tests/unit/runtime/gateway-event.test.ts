import { jest } from "@jest/globals";
import { MalformedEvent, requireGatewayEvent } from "../../../shared/runtime/gateway-event.ts";

const event = {
  requestContext: { requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", identity: { sourceIp: "192.0.2.1" } },
  headers: null,
  path: "/v1/partners",
};

let lines: string[];
beforeEach(() => {
  lines = [];
  jest.spyOn(process.stdout, "write").mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

test("accepts an event of API Gateway without a line in the log", () => {
  requireGatewayEvent(event, "partners.list", ["path"]);
  requireGatewayEvent({ ...event, headers: undefined, multiValueHeaders: {} }, "partners.list");
  expect(lines).toEqual([]);
});

test.each([
  ["requestContext", undefined],
  ["requestContext", null],
  ["requestContext", "text"],
  ["requestContext", {}],
  ["requestContext", { ...event, requestContext: 1 }],
  ["requestContext.requestId", { ...event, requestContext: { identity: { sourceIp: "192.0.2.1" } } }],
  ["requestContext.identity.sourceIp", { ...event, requestContext: { requestId: "r" } }],
  ["headers", { ...event, headers: undefined }],
  ["path", { ...event, path: 1 }],
])("names %s as what an event lacks, once in the log and in the error", (member, malformed) => {
  expect(() => requireGatewayEvent(malformed, "partners.list", ["path"])).toThrow(MalformedEvent);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({
      level: "ERROR",
      code: "internal_error",
      operation: "partners.list",
      errorName: "MalformedEvent",
      reason: `event_lacks_${member}`,
    }),
  ]);
});
