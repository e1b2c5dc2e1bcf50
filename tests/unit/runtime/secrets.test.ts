/** How long a process caches a secret. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { jest } from "@jest/globals";
import type { Environment } from "../../../shared/runtime/environment.ts";
import { forgetSecret, Secrets } from "../../../shared/runtime/secrets.ts";

let server: Server;
let answers = 0;
const variables = { ...process.env };

beforeAll(async () => {
  server = createServer((_request, response) => {
    answers++;
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(JSON.stringify({ ARN: "arn", Name: "name", VersionId: "v", SecretString: `text ${answers}` }));
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  Object.assign(process.env, {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
});

afterAll(async () => {
  process.env = variables;
  server.closeAllConnections();
  await new Promise((settle) => server.close(settle));
});

afterEach(() => jest.restoreAllMocks());

test("a process sees a new value of a secret within a minute, or at once after `forget`", async () => {
  let now = Date.now();
  jest.spyOn(Date, "now").mockImplementation(() => now);
  const environment = { CURSOR_KEY_SECRET: "arn:aws:secretsmanager:eu-west-1:1:secret:cursor" } as Environment;
  const read = async () => await new Secrets(environment, now + 5000).read("cursorKey");

  expect(await read()).toBe("text 1");
  now += 59_999;
  expect(await read()).toBe("text 1");
  now += 1;
  expect(await read()).toBe("text 2");
  forgetSecret("cursorKey");
  expect(await read()).toBe("text 3");
});
