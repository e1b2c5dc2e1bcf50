import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { ConnectionReset, errorAnswer, type ServiceCall } from "../../../infra/local/services/service-proxy.ts";
import { startHost, type Host } from "../../../infra/local/host.ts";
import {
  apiResources,
  functionResource,
  gatewayResponseResource,
  methodResource,
  resourceResource,
  rootResource,
  tableResource,
  writeAssembly,
  type TemporaryFolder,
} from "./fixture.ts";

/** Calls DynamoDB with the headers of the SDK that the proxy reads. */
const dynamodb = `
async function dynamodb(action, body) {
  const response = await fetch(process.env.AWS_ENDPOINT_URL_DYNAMODB, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-date": "20260101T000000Z",
      "x-amz-target": "DynamoDB_20120810." + action,
      authorization: "AWS4-HMAC-SHA256 Credential=" + process.env.AWS_ACCESS_KEY_ID + "/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, ...(await response.json()) };
}`;

const bundles = {
  echo: `export const handler = async (event) => ({ statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(event) });`,
  answer: `export const handler = async (event) => JSON.parse(event.body);`,
  fail: `export const handler = async () => { throw new TypeError("no"); };`,
  authorizer: `export const handler = async (event) => {
    const [, token] = event.headers.Authorization.split(" ");
    if (token === "crash") throw new Error("crash");
    if (token === "unauthorized") throw new Error("Unauthorized");
    if (token === "malformed") return { principalId: "someone" };
    if (token === "nested") return { principalId: "a", context: { a: {} }, policyDocument: { Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: event.methodArn }] } };
    return {
      principalId: "someone",
      context: { code: "token_revoked", number: 7, flag: true },
      policyDocument: { Version: "2012-10-17", Statement: [{ Effect: token === "good" ? "Allow" : "Deny", Action: "execute-api:Invoke", Resource: event.methodArn }] },
    };
  };`,
  table: `${dynamodb}
  export const handler = async (event) => {
    const TableName = process.env.TABLE_NAME;
    try {
      if (event.httpMethod === "POST") await dynamodb("PutItem", { TableName, Item: { pk: { S: "a" }, sk: { S: "b" } } });
      const { status, Item, __type } = await dynamodb("GetItem", { TableName, Key: { pk: { S: "a" }, sk: { S: "b" } } });
      return { statusCode: status, body: JSON.stringify({ Item, __type }) };
    } catch (error) {
      return { statusCode: 599, body: String(error.cause?.code) };
    }
  };`,
  bootstrap: `export const handler = async (event) => {
    const { greeting, fails } = event.ResourceProperties;
    await fetch(event.ResponseURL, { method: "PUT", body: JSON.stringify({ Status: fails ? "FAILED" : "SUCCESS", Reason: fails, PhysicalResourceId: "x" }) });
    console.log(greeting + " " + event.RequestType);
  };`,
};

function template(bootstrap: object = {}): object {
  return {
    Parameters: { PublicUrl: { Type: "String" } },
    Resources: {
      ...apiResources,
      Api: { ...apiResources.Api, Properties: { ...apiResources.Api.Properties, MinimumCompressionSize: 100 } },
      Table: tableResource(),
      RootSignIn: {
        Type: "AWS::SecretsManager::Secret",
        Properties: {
          GenerateSecretString: {
            SecretStringTemplate: '{"username":"root"}',
            GenerateStringKey: "password",
            ExcludePunctuation: true,
          },
        },
      },
      AuthorizerFunction: functionResource("authorizer"),
      Echo: functionResource("echo"),
      Answer: functionResource("answer"),
      Fail: functionResource("fail"),
      TableFunction: functionResource("table", {
        Environment: { Variables: { TABLE_NAME: { Ref: "Table" }, PUBLIC_URL: { Ref: "PublicUrl" } } },
      }),
      BootstrapFunction: functionResource("bootstrap", {
        Environment: { Variables: { ROOT_SIGN_IN_SECRET: { Ref: "RootSignIn" } } },
      }),
      Bootstrap: {
        Type: "Custom::Bootstrap",
        Properties: { ServiceToken: { "Fn::GetAtt": ["BootstrapFunction", "Arn"] }, greeting: "hello", ...bootstrap },
      },
      Things: resourceResource(rootResource, "things"),
      Thing: resourceResource({ Ref: "Things" }, "{thingId}"),
      GetThing: methodResource({ Ref: "Thing" }, "GET", "Echo"),
      PostThing: methodResource({ Ref: "Thing" }, "POST", "Echo"),
      ProtectedResource: resourceResource(rootResource, "protected"),
      GetProtected: methodResource({ Ref: "ProtectedResource" }, "GET", "Echo", "Authorizer"),
      AnswerResource: resourceResource(rootResource, "answer"),
      PostAnswer: methodResource({ Ref: "AnswerResource" }, "POST", "Answer"),
      FailResource: resourceResource(rootResource, "fail"),
      GetFail: methodResource({ Ref: "FailResource" }, "GET", "Fail"),
      TableResource: resourceResource(rootResource, "table"),
      GetTable: methodResource({ Ref: "TableResource" }, "GET", "TableFunction"),
      PostTable: methodResource({ Ref: "TableResource" }, "POST", "TableFunction"),
      Denied: gatewayResponseResource("ACCESS_DENIED", {
        StatusCode: "401",
        ResponseParameters: {
          "gatewayresponse.header.WWW-Authenticate": "'Bearer'",
          "gatewayresponse.header.Content-Type": "'application/problem+json'",
          "gatewayresponse.header.x-correlation-id": "method.request.header.x-correlation-id",
        },
        ResponseTemplates: {
          "application/json": '{"code":"$context.authorizer.code","requestId":"$context.requestId"}',
        },
      }),
    },
  };
}

describe("the local host", () => {
  let assembly: TemporaryFolder;
  let host: Host;
  let intercept: ((call: ServiceCall) => "throttle" | "reset" | undefined) | undefined;
  const logged: string[] = [];

  beforeAll(async () => {
    assembly = writeAssembly({ Fixture: template() }, bundles);
    host = await startHost({
      assembly: assembly.folder,
      logSink: ({ functionName, text }) => logged.push(`${functionName}: ${text}`),
      interceptors: [
        async (call, next) => {
          const verdict = intercept?.(call);
          if (verdict === "throttle") return errorAnswer("ThrottlingException", "slow down");
          const answer = await next();
          if (verdict === "reset") throw new ConnectionReset();
          return answer;
        },
      ],
    });
  });

  afterAll(async () => {
    await host.close();
    assembly.remove();
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(host.url + path, { headers });
  const answer = (value: unknown): Promise<Response> =>
    fetch(`${host.url}/answer`, { method: "POST", body: JSON.stringify(value) });

  test("passes the whole proxy event to a function", async () => {
    const response = await fetch(`${host.url}/things/a%2Fb%20c?x=1&x=2&y=%C3%A9+z`, {
      method: "POST",
      body: "héllo",
      headers: { "X-Thing": "1" },
    });
    const event = (await response.json()) as Record<string, never>;
    expect(event).toMatchObject({
      resource: "/things/{thingId}",
      path: "/things/a%2Fb%20c",
      httpMethod: "POST",
      pathParameters: { thingId: "a/b c" },
      queryStringParameters: { x: "2", y: "é z" },
      multiValueQueryStringParameters: { x: ["1", "2"], y: ["é z"] },
      body: "héllo",
      isBase64Encoded: false,
      stageVariables: null,
      requestContext: { stage: "local", resourcePath: "/things/{thingId}", identity: { sourceIp: "127.0.0.1" } },
    });
    expect(response.headers.get("x-amzn-requestid")).toBe(
      (event["requestContext"] as unknown as { requestId: string }).requestId,
    );
  });

  test("passes both values of a repeated header to the function", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, Record<string, unknown>>>();
    httpRequest(`${host.url}/things/1`, { headers: { "x-two": ["a", "b"] } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(JSON.parse(text) as Record<string, Record<string, unknown>>));
    })
      .on("error", reject)
      .end();
    const { headers, multiValueHeaders } = await promise;
    expect(multiValueHeaders?.["x-two"]).toEqual(["a", "b"]);
    expect(headers?.["x-two"]).toBe("b");
  });

  test.each([
    ["an unknown path", "GET", "/nothing"],
    ["an unknown method", "DELETE", "/things/1"],
    ["HEAD for a declared GET", "HEAD", "/things/1"],
    ["an undeclared OPTIONS", "OPTIONS", "/things/1"],
  ])("answers %s with the gateway response MISSING_AUTHENTICATION_TOKEN", async (_, method, path) => {
    const response = await fetch(host.url + path, { method });
    expect(response.status).toBe(403);
    if (method !== "HEAD") expect(await response.json()).toEqual({ message: "Missing Authentication Token" });
  });

  test("refuses invalid percent-encoding in a path", async () => {
    expect((await get("/things/%zz")).status).toBe(400);
  });

  test("answers bytes that are not HTTP with 400 and continues to serve", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = "";
    const socket = connect(Number(new URL(host.url).port), "127.0.0.1", () => socket.write("not http at all\r\n\r\n"));
    socket.on("data", (chunk) => (text += chunk.toString())).on("close", () => resolve(text));
    expect(await promise).toMatch(/^HTTP\/1\.1 400 /);
    expect((await get("/things/1")).status).toBe(200);
  });

  test("refuses headers beyond 10 KB", async () => {
    expect((await get("/things/1", { "x-long": "a".repeat(11_000) })).status).toBe(431);
  });

  test("refuses a body beyond 10 MB", async () => {
    const response = await fetch(`${host.url}/things/1`, {
      method: "POST",
      body: Buffer.alloc(10 * 1024 * 1024 + 1, "a"),
    });
    expect(response.status).toBe(413);
  });

  test("passes invalid UTF-8 in a body as replacement characters", async () => {
    const response = await fetch(`${host.url}/things/1`, { method: "POST", body: new Uint8Array([0x61, 0xff]) });
    expect(await response.json()).toMatchObject({ body: "a\ufffd" });
  });

  test("refuses a request without the identity source before the authorizer", async () => {
    const response = await get("/protected");
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ message: "Unauthorized" });
  });

  test("passes the authorizer's context as strings", async () => {
    const event = (await (await get("/protected", { authorization: "Bearer good" })).json()) as {
      requestContext: object;
    };
    expect(event.requestContext).toMatchObject({
      authorizer: { principalId: "someone", code: "token_revoked", number: "7", flag: "true" },
    });
  });

  test("answers a denied call with the template's gateway response and the authorizer's context", async () => {
    const response = await get("/protected", { authorization: "Bearer bad", "x-correlation-id": "mine" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("x-correlation-id")).toBe("mine");
    expect(await response.json()).toEqual({
      code: "token_revoked",
      requestId: response.headers.get("x-amzn-requestid"),
    });
  });

  test("omits a mapped request header that was not sent", async () => {
    const response = await get("/protected", { authorization: "Bearer bad" });
    expect(response.headers.has("x-correlation-id")).toBe(false);
  });

  test.each([
    ["throws", "crash", 500],
    ["throws Unauthorized", "unauthorized", 401],
    ["returns a malformed policy", "malformed", 500],
    ["returns an object in its context", "nested", 500],
  ])("refuses a call when the authorizer %s", async (_, token, status) => {
    expect((await get("/protected", { authorization: `Bearer ${token}` })).status).toBe(status);
  });

  test("remaps an integration's WWW-Authenticate", async () => {
    const response = await answer({ statusCode: 401, headers: { "WWW-Authenticate": "Bearer" }, body: "" });
    expect(response.headers.get("x-amzn-remapped-www-authenticate")).toBe("Bearer");
    expect(response.headers.has("www-authenticate")).toBe(false);
  });

  test("answers application/json when the function sets no content type", async () => {
    expect((await answer({ statusCode: 200, body: "{}" })).headers.get("content-type")).toBe("application/json");
  });

  test.each([
    ["with an unknown member", { statusCode: 200, cookies: [] }],
    ["whose body is an object", { statusCode: 200, body: {} }],
    ["whose header holds a line break", { statusCode: 200, headers: { a: "b\r\nc: d" } }],
    ["that is no object", "text"],
  ])("answers 502 for an answer %s", async (_, value) => {
    const response = await answer(value);
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ message: "Internal server error" });
  });

  describe("an answer of the template's minimum size", () => {
    const text = "é".repeat(50);
    const codingsOf = async (fields: object, acceptEncoding: string): Promise<unknown> => {
      const response = await fetch(`${host.url}/answer`, {
        method: "POST",
        body: JSON.stringify({ body: text, ...fields }),
        headers: { "accept-encoding": acceptEncoding },
      });
      return [response.headers.get("content-encoding"), await response.text()];
    };

    test.each([["gzip"], ["deflate"]])("is compressed for a caller that accepts %s", async (coding) => {
      expect(await codingsOf({}, coding)).toEqual([coding, text]);
    });

    test("is not compressed for other callers", async () => {
      expect(await codingsOf({}, "br")).toEqual([null, text]);
    });

    test("is not compressed when the function has set a coding", async () => {
      expect(await codingsOf({ headers: { "content-encoding": "identity" } }, "gzip")).toEqual(["identity", text]);
    });

    test("is counted in bytes: a shorter one is not compressed", async () => {
      expect(await codingsOf({ body: text.slice(1) }, "gzip")).toEqual([null, text.slice(1)]);
    });
  });

  test("answers 502 for a failing function", async () => {
    expect((await get("/fail")).status).toBe(502);
  });

  test("gives functions the table of the template", async () => {
    const response = await fetch(`${host.url}/table`, { method: "POST" });
    expect(await response.json()).toEqual({ Item: { pk: { S: "a" }, sk: { S: "b" } } });
  });

  test("lets an interceptor see the calling function and answer instead of the service", async () => {
    const calls: ServiceCall[] = [];
    intercept = (call) => {
      calls.push(call);
      return "throttle";
    };
    const response = await get("/table");
    intercept = undefined;
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: expect.stringContaining("ThrottlingException") as string });
    const caller = host.model.functions.find(({ logicalId }) => logicalId === "TableFunction");
    expect(calls).toMatchObject([
      { functionId: caller?.id, service: "dynamodb", action: "GetItem", body: { Key: { pk: { S: "a" } } } },
    ]);
  });

  test("lets an interceptor lose the answer of a completed write", async () => {
    intercept = ({ action }) => (action === "PutItem" ? "reset" : undefined);
    const response = await fetch(`${host.url}/table`, { method: "POST" });
    intercept = undefined;
    expect(response.status).toBe(599);
    expect(await response.text()).toBe("ECONNRESET");
    expect(await (await get("/table")).json()).toHaveProperty("Item");
  });

  test("refuses a call with an unknown access key", async () => {
    const response = await fetch(host.proxy.url, {
      method: "POST",
      headers: {
        "x-amz-target": "DynamoDB_20120810.ListTables",
        authorization: "AWS4-HMAC-SHA256 Credential=AKIAOTHER/20260101/us-east-1/dynamodb/aws4_request",
      },
      body: "{}",
    });
    expect(await response.json()).toMatchObject({
      __type: expect.stringContaining("UnrecognizedClientException") as string,
    });
  });

  test("takes the root user's sign-in from the generated secret", () => {
    expect(host.rootSignIn).toEqual({
      username: "root",
      password: expect.stringMatching(/^[A-Za-z0-9]{32}$/) as string,
    });
  });

  test("serves a new assembly with the same data", async () => {
    await fetch(`${host.url}/table`, { method: "POST" });
    const next = writeAssembly(
      { Fixture: template({ greeting: "again" }) },
      { ...bundles, echo: bundles.echo.replace("200", "202") },
    );
    try {
      await host.replace(next.folder);
      expect((await get("/things/1")).status).toBe(202);
      expect(await (await get("/table")).json()).toHaveProperty("Item");
      expect(logged.filter((line) => line.includes("Create") || line.includes("Update"))).toEqual([
        expect.stringContaining("hello Create"),
        expect.stringContaining("again Update"),
      ]);
    } finally {
      next.remove();
    }
  });

  test("refuses to start with the reason of a failed custom resource", async () => {
    const failing = writeAssembly({ Fixture: template({ fails: "no directory" }) }, bundles);
    try {
      await expect(startHost({ assembly: failing.folder })).rejects.toThrow(
        "custom resource Bootstrap failed: no directory",
      );
    } finally {
      failing.remove();
    }
  });

  test("refuses a port that is in use", async () => {
    const port = Number(new URL(host.url).port);
    await expect(startHost({ assembly: assembly.folder, port })).rejects.toThrow(`port ${port} is in use`);
  });
});
