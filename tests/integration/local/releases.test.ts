/** What a switch between releases does to requests that are under way: none is lost, and none meets code of two releases. */
import { startHost, type Host } from "../../../infra/local/host.ts";
import {
  apiResources,
  functionResource,
  methodResource,
  resourceResource,
  rootResource,
  writeAssembly,
  type TemporaryFolder,
} from "./fixture.ts";

const bundles = {
  authorizer: `export const handler = async ({ methodArn }) => ({
    principalId: "caller",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn }],
    },
    context: { release: process.env.RELEASE },
  });`,
  serve: `export const handler = async ({ requestContext }) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const body = { authorizer: requestContext.authorizer.release, function: process.env.RELEASE };
    return { statusCode: 200, body: JSON.stringify(body) };
  };`,
};

/** An API whose authorizer and function both know their release, and which names a version of each. */
function release(name: string): TemporaryFolder {
  const environment = { Environment: { Variables: { RELEASE: name } } };
  const versionOf = (logicalId: string) => ({
    Type: "AWS::Lambda::Version",
    Properties: { FunctionName: { Ref: logicalId }, Description: name },
  });
  const resources = JSON.stringify({
    ...apiResources,
    AuthorizerFunction: functionResource("authorizer", environment),
    Serve: functionResource("serve", environment),
    AuthorizerVersion: versionOf("AuthorizerFunction"),
    ServeVersion: versionOf("Serve"),
    Who: resourceResource(rootResource, "who"),
    WhoGet: methodResource({ Ref: "Who" }, "GET", "Serve", "Authorizer"),
  });
  const versioned = resources
    .replaceAll('{"Fn::GetAtt":["Serve","Arn"]}', '{"Ref":"ServeVersion"}')
    .replaceAll('{"Fn::GetAtt":["AuthorizerFunction","Arn"]}', '{"Ref":"AuthorizerVersion"}');
  return writeAssembly({ Fixture: { Resources: JSON.parse(versioned) } }, bundles);
}

const releases = ["one", "two"].map(release) as [TemporaryFolder, TemporaryFolder];
let host: Host;

beforeAll(async () => {
  host = await startHost({ assembly: releases[0].folder });
});
afterAll(async () => {
  await host.close();
  for (const assembly of releases) assembly.remove();
});

async function ask(): Promise<string> {
  const response = await fetch(`${host.url}/who`, { headers: { authorization: "Bearer token" } });
  const text = await response.text();
  return `${response.status} ${text}`;
}

const answers = ["one", "two"].map((name) => `200 ${JSON.stringify({ authorizer: name, function: name })}`);

test("under load, a switch forward and back loses no request and mixes no releases", async () => {
  const seen = new Map<string, number>();
  let goesOn = true;
  const caller = async (): Promise<void> => {
    while (goesOn) {
      const answer = await ask();
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
    }
  };
  const callers = Promise.all(Array.from({ length: 4 }, caller));
  try {
    for (const next of [releases[1], releases[0], releases[1]]) {
      const before = [...seen.values()].reduce((sum, count) => sum + count, 0);
      await host.replace(next.folder);
      while ([...seen.values()].reduce((sum, count) => sum + count, 0) < before + 20) await new Promise(setImmediate);
    }
  } finally {
    goesOn = false;
    await callers;
  }
  expect([...seen.keys()].sort()).toEqual(answers);
});
