import { AccessControl, Role, type GovernedModel } from "../../../infra/local/iam/access-control.ts";
import { callerKeys, type CallerContext } from "../../../infra/local/iam/policy-conditions.ts";
import { RequestReader } from "../../../infra/local/iam/authorization-requests.ts";
import type { ServiceAnswer } from "../../../infra/local/services/service-proxy.ts";
import { mergeUsage } from "../../../infra/local/iam/rights-usage.ts";

const table = "arn:aws:dynamodb:us-east-1:000000000000:table/Things";
const secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:portico/local/key-1a2b3c";
const functionId = "arn:aws:lambda:us-east-1:000000000000:function:reader";
const roleArn = "arn:aws:iam::000000000000:role/Reader";

/** A deployment of one function whose role has the given statements. */
function modelOf(statements: readonly object[]): GovernedModel {
  const schema = (hash: string) => [
    { AttributeName: hash, KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ];
  return {
    region: "us-east-1",
    accountId: "000000000000",
    tables: [
      {
        name: "Things",
        arn: table,
        createTable: {
          KeySchema: schema("pk"),
          GlobalSecondaryIndexes: [{ IndexName: "gsi1", KeySchema: schema("gsi1pk") }],
        },
        timeToLiveAttribute: undefined,
      },
    ],
    secrets: [{ arn: secret, name: "portico/local/key", description: undefined, initial: undefined }],
    functions: [
      {
        ...{ id: functionId, name: "reader", logicalId: "Reader", folder: "/", handler: "index.handler", roleArn },
        ...{ memoryMegabytes: 128, timeoutSeconds: 3, environment: {}, logGroup: "/reader" },
      },
    ],
    roles: new Map([[roleArn, { arn: roleArn, statements: statements as never, managedPolicyArns: [] }]]),
  };
}

const allow = (action: string | string[], resource: string | string[] = table, more: object = {}) => ({
  Effect: "Allow",
  Action: action,
  Resource: resource,
  ...more,
});
const deny = (action: string | string[], resource: string | string[] = table, more: object = {}) => ({
  ...allow(action, resource, more),
  Effect: "Deny",
});
const under = (...patterns: string[]) => ({
  Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": patterns } },
});
const when = (operator: string, name: string, value: unknown) => ({ Condition: { [operator]: { [name]: value } } });

type Call = readonly [action: string, body: Record<string, unknown>];
const at = (pk: string) => ({ pk: { S: pk }, sk: { S: "1" } });
const get = (pk: string, more: object = {}): Call => ["GetItem", { TableName: "Things", Key: at(pk), ...more }];
const put = (pk: string, more: object = {}): Call => ["PutItem", { TableName: "Things", Item: at(pk), ...more }];
const query = (condition: string, more: object = {}): Call => [
  "Query",
  { TableName: "Things", KeyConditionExpression: condition, ...more },
];
const scan: Call = ["Scan", { TableName: "Things" }];
const transaction = (...items: object[]): Call => [
  "TransactWriteItems",
  { TransactItems: items.map((item) => mapped(item)) },
];
const mapped = (item: object) =>
  Object.fromEntries(Object.entries(item).map(([kind, part]) => [kind, { TableName: "Things", ...part }]));
const readSecret = (SecretId: string, more: object = {}): Call => ["GetSecretValue", { SecretId, ...more }];

function judged(statements: readonly object[], [action, body]: Call): ServiceAnswer | undefined {
  const access = new AccessControl();
  access.govern(modelOf(statements));
  const service = action.includes("Secret") ? "secretsmanager" : "dynamodb";
  return access.judge({ functionId, service, action, body });
}

const messageOf = (answer: ServiceAnswer | undefined): string =>
  (JSON.parse(answer?.body.toString() ?? "{}") as { message?: string }).message ?? "allowed";
const verdictOf = (statements: readonly object[], call: Call): string =>
  judged(statements, call) === undefined ? "allowed" : "denied";

describe("a call is allowed where", () => {
  const wide = under("A#*");
  test.each<[string, object[], Call]>([
    ["a statement names its action and resource", [allow("dynamodb:GetItem")], get("x")],
    ["the action is written in another case", [allow("DynamoDB:getitem")], get("x")],
    ["a wildcard covers the action", [allow("dynamodb:Get*")], get("x")],
    ["everything is allowed", [allow("*", "*")], get("x")],
    ["one of several statements allows it", [allow("dynamodb:PutItem"), allow("dynamodb:GetItem")], get("x")],
    ["one of several resources is the one", [allow("dynamodb:GetItem", ["arn:aws:s3:::x", table])], get("x")],
    ["a wildcard covers the resource", [allow("dynamodb:GetItem", table.replace("Things", "Th?ng*"))], get("x")],
    ["NotAction does not except it", [{ Effect: "Allow", NotAction: "dynamodb:PutItem", Resource: table }], get("x")],
    ["NotResource does not except it", [{ Effect: "Allow", Action: "dynamodb:*", NotResource: secret }], get("x")],
    ["the table is named by its ARN", [allow("dynamodb:GetItem")], ["GetItem", { TableName: table, Key: at("x") }]],
    ["the leading key fits a pattern", [allow("dynamodb:GetItem", table, wide)], get("A#1")],
    [
      "a number as leading key fits",
      [allow("dynamodb:GetItem", table, under("7"))],
      get("x", { Key: { pk: { N: "7" } } }),
    ],
    [
      "a query asks for a leading key that fits",
      [allow("dynamodb:Query", table, wide)],
      query("#p = :p AND sk > :s", {
        ExpressionAttributeNames: { "#p": "pk" },
        ExpressionAttributeValues: { ":p": { S: "A#1" }, ":s": { S: "A" } },
      }),
    ],
    [
      "a query writes its condition the other way round",
      [allow("dynamodb:Query", table, wide)],
      query("(begins_with(sk, :s)) and (:p=pk)", {
        ExpressionAttributeValues: { ":p": { S: "A#1" }, ":s": { S: "" } },
      }),
    ],
    [
      "a query uses KeyConditions",
      [allow("dynamodb:Query", table, wide)],
      [
        "Query",
        {
          TableName: "Things",
          KeyConditions: { pk: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "A#1" }] } },
        },
      ],
    ],
    [
      "the index is named",
      [allow("dynamodb:Query", `${table}/index/gsi1`, wide)],
      query("gsi1pk = :p", { IndexName: "gsi1", ExpressionAttributeValues: { ":p": { S: "A#1" } } }),
    ],
    ["ForAllValues has no value to fail", [allow("dynamodb:Scan", table, wide)], scan],
    [
      "each item of a transaction is allowed by its own action",
      [
        allow("dynamodb:PutItem", table, under("A#*")),
        allow("dynamodb:UpdateItem", table, under("B#*")),
        allow("dynamodb:DeleteItem", table, under("C#*")),
        allow("dynamodb:ConditionCheckItem", table, under("D#*")),
      ],
      transaction(
        { Put: { Item: at("A#1") } },
        { Update: { Key: at("B#1") } },
        { Delete: { Key: at("C#1") } },
        { ConditionCheck: { Key: at("D#1") } },
      ),
    ],
    [
      "a transaction reads what GetItem may read",
      [allow("dynamodb:GetItem", table, wide)],
      ["TransactGetItems", { TransactItems: [{ Get: { TableName: "Things", Key: at("A#1") } }] }],
    ],
    [
      "all keys of a batch fit",
      [allow("dynamodb:BatchWriteItem", table, wide)],
      [
        "BatchWriteItem",
        { RequestItems: { Things: [{ PutRequest: { Item: at("A#1") } }, { DeleteRequest: { Key: at("A#2") } }] } },
      ],
    ],
    [
      "all keys of a batch of reads fit",
      [allow("dynamodb:BatchGetItem", table, wide)],
      ["BatchGetItem", { RequestItems: { Things: { Keys: [at("A#1"), at("A#2")] } } }],
    ],
    ["the table is described", [allow("dynamodb:DescribeTable")], ["DescribeTable", { TableName: "Things" }]],
    ["an action knows no resource and all are allowed", [allow("dynamodb:ListTables", "*")], ["ListTables", {}]],
    ["the secret is named by its ARN", [allow("secretsmanager:GetSecretValue", secret)], readSecret(secret)],
    ["the secret is named by its name", [allow("secretsmanager:*", secret)], readSecret("portico/local/key")],
    ["the secret's ARN lacks its random end", [allow("secretsmanager:*", secret)], readSecret(secret.slice(0, -7))],
    [
      "the policy leaves the random end open",
      [allow("secretsmanager:GetSecretValue", secret.replace(/.{6}$/, "??????"))],
      readSecret(secret),
    ],
  ])("%s", (_, statements, call) => {
    expect(messageOf(judged(statements, call))).toBe("allowed");
  });
});

describe("a call is denied where", () => {
  const wide = under("A#*");
  test.each<[string, object[], Call]>([
    ["nothing allows it", [], get("x")],
    ["another action is allowed", [allow("dynamodb:PutItem")], get("x")],
    ["the action of the other service is allowed", [allow("dynamodb:*", "*")], readSecret(secret)],
    ["another table is allowed", [allow("dynamodb:*", `${table}2`)], get("x")],
    [
      "only the table is allowed and an index is read",
      [allow("dynamodb:Query")],
      query("gsi1pk = :p", { IndexName: "gsi1", ExpressionAttributeValues: { ":p": { S: "A" } } }),
    ],
    [
      "only the index is allowed and the table is read",
      [allow("dynamodb:Query", `${table}/index/*`)],
      query("pk = :p", { ExpressionAttributeValues: { ":p": { S: "A" } } }),
    ],
    ["another statement denies it", [allow("dynamodb:*"), deny("dynamodb:GetItem")], get("x")],
    ["it is denied before it is allowed", [deny("*", "*"), allow("dynamodb:*")], get("x")],
    ["NotAction excepts it", [{ Effect: "Allow", NotAction: "dynamodb:Get*", Resource: table }], get("x")],
    ["NotResource excepts it", [{ Effect: "Allow", Action: "*", NotResource: `${table}*` }], get("x")],
    ["the leading key fits no pattern", [allow("dynamodb:GetItem", table, wide)], get("B#1")],
    ["the leading key only begins with a pattern", [allow("dynamodb:GetItem", table, under("A"))], get("A#1")],
    ["the leading key differs in case", [allow("dynamodb:GetItem", table, wide)], get("a#1")],
    [
      "one item of a transaction is out of bounds",
      [allow("dynamodb:PutItem", table, wide)],
      transaction({ Put: { Item: at("A#1") } }, { Put: { Item: at("B#1") } }),
    ],
    [
      "one action of a transaction is not allowed",
      [allow("dynamodb:PutItem")],
      transaction({ Put: { Item: at("A#1") } }, { Delete: { Key: at("A#2") } }),
    ],
    [
      "the transaction is allowed and its items are not",
      [allow("dynamodb:TransactWriteItems")],
      transaction({ Put: { Item: at("A#1") } }),
    ],
    [
      "a second item hides beside the first",
      [allow("dynamodb:PutItem", table, wide)],
      transaction({ Put: { Item: at("A#1") }, Delete: { Key: at("A#1") } }),
    ],
    [
      "a member that its kind does not have names the key",
      [allow("dynamodb:UpdateItem", table, wide)],
      transaction({ Update: { Item: at("A#1"), Key: at("B#1") } }),
    ],
    [
      "one key of a batch is out of bounds",
      [allow("dynamodb:BatchWriteItem", table, wide)],
      [
        "BatchWriteItem",
        { RequestItems: { Things: [{ PutRequest: { Item: at("A#1") } }, { DeleteRequest: { Key: at("B#1") } }] } },
      ],
    ],
    [
      "only the single write is allowed and a batch is written",
      [allow("dynamodb:PutItem")],
      ["BatchWriteItem", { RequestItems: { Things: [{ PutRequest: { Item: at("A#1") } }] } }],
    ],
    ["Scan is not allowed", [allow(["dynamodb:Query", "dynamodb:GetItem"])], scan],
    [
      "a query gives no leading key",
      [allow("dynamodb:*")],
      query("sk = :p", { ExpressionAttributeValues: { ":p": { S: "A" } } }),
    ],
    ["an item has no leading key", [allow("dynamodb:*")], ["PutItem", { TableName: "Things", Item: {} }]],
    ["it is PartiQL", [allow("dynamodb:*", "*")], ["ExecuteStatement", { Statement: 'SELECT * FROM "Things"' }]],
    ["the action is unknown", [allow("dynamodb:*", "*")], ["ReadEverything", {}]],
    ["the secrets' action is unknown", [allow("*", "*")], ["BatchGetSecretValue", {}]],
    ["another secret is allowed", [allow("secretsmanager:*", secret.replace("key", "other"))], readSecret(secret)],
    [
      "writing a secret is not allowed",
      [allow("secretsmanager:GetSecretValue", secret)],
      ["PutSecretValue", { SecretId: secret }],
    ],
    ["the secret does not exist", [allow("secretsmanager:*", secret)], readSecret("nothing")],
  ])("%s", (_, statements, call) => {
    expect(messageOf(judged(statements, call))).toMatch(/^User: .* is not authorized to perform: /);
  });
});

describe("a condition", () => {
  const projected = { ProjectionExpression: "sk, #o.inner[0]", ExpressionAttributeNames: { "#o": "open" } };
  const stage = "secretsmanager:VersionStage";
  const current = { VersionStage: "AWSCURRENT" };
  const forAttributes = (set: string) => when(`${set}:StringEquals`, "dynamodb:Attributes", ["pk", "sk", "open"]);
  const inTransaction = when("StringEquals", "dynamodb:EnclosingOperation", "TransactWriteItems");

  test.each<[string, object, Call, "allowed" | "denied"]>([
    ["StringEquals with the value", when("StringEquals", "aws:RequestedRegion", "us-east-1"), get("x"), "allowed"],
    ["StringEquals with another value", when("StringEquals", "aws:RequestedRegion", "us-east-2"), get("x"), "denied"],
    [
      "StringEquals with one of several",
      when("StringEquals", "aws:RequestedRegion", ["a", "us-east-1"]),
      get("x"),
      "allowed",
    ],
    ["StringEquals takes wildcards literally", when("StringEquals", "aws:RequestedRegion", "us-*"), get("x"), "denied"],
    ["StringLike with a wildcard", when("StringLike", "aws:RequestedRegion", "us-*"), get("x"), "allowed"],
    ["StringNotLike with a match", when("StringNotLike", "aws:RequestedRegion", "us-*"), get("x"), "denied"],
    [
      "StringNotEquals with none of several",
      when("StringNotEquals", "aws:RequestedRegion", ["a", "b"]),
      get("x"),
      "allowed",
    ],
    ["StringEqualsIgnoreCase", when("StringEqualsIgnoreCase", "aws:RequestedRegion", "US-East-1"), get("x"), "allowed"],
    ["a key in another case", when("StringEquals", "AWS:requestedregion", "us-east-1"), get("x"), "allowed"],
    ["ArnLike part by part", when("ArnLike", "aws:PrincipalArn", "arn:*:iam::*:role/R*"), get("x"), "allowed"],
    ["ArnLike does not cross a colon", when("ArnLike", "aws:PrincipalArn", "arn:*:role/Reader"), get("x"), "denied"],
    ["ArnNotEquals", when("ArnNotEquals", "lambda:SourceFunctionArn", functionId), get("x"), "denied"],
    ["Bool", when("Bool", "aws:SecureTransport", "true"), get("x"), "allowed"],
    ["Bool given as a boolean", when("Bool", "aws:SecureTransport", false), get("x"), "denied"],
    ["Null where the key is there", when("Null", "dynamodb:LeadingKeys", "true"), get("x"), "denied"],
    ["Null where the key is missing", when("Null", "dynamodb:LeadingKeys", "true"), scan, "allowed"],
    ["Null false where the key is missing", when("Null", "dynamodb:LeadingKeys", false), scan, "denied"],
    ["a missing key equals nothing", when("StringEquals", stage, "AWSCURRENT"), readSecret(secret), "denied"],
    [
      "a missing key differs from everything",
      when("StringNotEquals", stage, "AWSPREVIOUS"),
      readSecret(secret),
      "allowed",
    ],
    ["…IfExists with a missing key", when("StringEqualsIfExists", stage, "AWSPREVIOUS"), readSecret(secret), "allowed"],
    [
      "…IfExists with the key",
      when("StringEqualsIfExists", stage, "AWSPREVIOUS"),
      readSecret(secret, current),
      "denied",
    ],
    ["ForAnyValue with no values", when("ForAnyValue:StringLike", "dynamodb:LeadingKeys", "*"), scan, "denied"],
    [
      "ForAnyValue with one that fits",
      forAttributes("ForAnyValue"),
      get("x", { ProjectionExpression: "sk, b" }),
      "allowed",
    ],
    [
      "ForAllValues with one that does not",
      forAttributes("ForAllValues"),
      get("x", { ProjectionExpression: "sk, b" }),
      "denied",
    ],
    ["attributes by placeholder and path", forAttributes("ForAllValues"), get("x", projected), "allowed"],
    [
      "attributes of a written item",
      forAttributes("ForAllValues"),
      put("x", { Item: { ...at("x"), b: { S: "" } } }),
      "denied",
    ],
    [
      "attributes of an update",
      forAttributes("ForAllValues"),
      [
        "UpdateItem",
        { TableName: "Things", Key: at("x"), UpdateExpression: "SET open = if_not_exists(open, :v), b = :v" },
      ],
      "denied",
    ],
    ["the returned values", when("StringEquals", "dynamodb:ReturnValues", "NONE"), put("x"), "allowed"],
    [
      "other returned values",
      when("StringEquals", "dynamodb:ReturnValues", "NONE"),
      put("x", { ReturnValues: "ALL_OLD" }),
      "denied",
    ],
    ["what a scan selects by itself", when("StringEquals", "dynamodb:Select", "ALL_ATTRIBUTES"), scan, "allowed"],
    [
      "what a scan is told to select",
      when("StringEquals", "dynamodb:Select", "ALL_ATTRIBUTES"),
      ["Scan", { TableName: "Things", Select: "COUNT" }],
      "denied",
    ],
    ["an item within a transaction", inTransaction, transaction({ Put: { Item: at("x") } }), "allowed"],
    ["the same item by itself", inTransaction, put("x"), "denied"],
  ])("%s", (_, condition, call, verdict) => {
    expect(verdictOf([allow("*", "*", condition)], call)).toBe(verdict);
  });

  test("all operators and keys of a statement must hold", () => {
    const both = {
      Condition: { StringEquals: { "aws:RequestedRegion": "us-east-1" }, Bool: { "aws:SecureTransport": "false" } },
    };
    expect(verdictOf([allow("*", "*", both)], get("x"))).toBe("denied");
  });

  test("a Deny whose condition does not hold denies nothing", () => {
    const statements = [allow("*", "*"), deny("*", "*", under("SECRET#*"))];
    expect([get("x"), get("SECRET#1")].map((call) => verdictOf(statements, call))).toEqual(["allowed", "denied"]);
  });
});

test("a denial is worded as AWS does", () => {
  const answer = judged([], put("x"));
  expect(answer?.status).toBe(400);
  expect(JSON.parse(String(answer?.body))).toMatchObject({
    __type: "com.amazon.coral.service#AccessDeniedException",
    message:
      "User: arn:aws:sts::000000000000:assumed-role/Reader/reader is not authorized to perform: dynamodb:PutItem " +
      `on resource: ${table} because no identity-based policy allows the dynamodb:PutItem action`,
  });
  expect(messageOf(judged([deny("*", "*")], transaction({ Delete: { Key: at("x") } })))).toBe(
    "User: arn:aws:sts::000000000000:assumed-role/Reader/reader is not authorized to perform: dynamodb:DeleteItem " +
      `on resource: ${table} with an explicit deny in an identity-based policy`,
  );
});

describe("the start fails, naming role and statement, for", () => {
  test.each<[string, object, string]>([
    ["an unknown operator", when("NumericLessThan", "dynamodb:LeadingKeys", 1), "condition operator NumericLessThan"],
    [
      "an unknown set prefix",
      when("ForSomeValues:StringLike", "dynamodb:LeadingKeys", "a"),
      "condition operator ForSomeValues:StringLike",
    ],
    ["Null with IfExists", when("NullIfExists", "dynamodb:LeadingKeys", "true"), "condition operator NullIfExists"],
    ["an unknown key", when("StringEquals", "aws:PrincipalTag/team", "a"), "condition key aws:PrincipalTag/team"],
    [
      "a key that holds several values without a set prefix",
      when("StringLike", "dynamodb:LeadingKeys", "a"),
      "needs ForAllValues: or ForAnyValue:",
    ],
    [
      "a policy variable in a condition",
      when("StringEquals", "aws:RequestedRegion", "${aws:x}"),
      "policy variable ${aws:x}",
    ],
    ["a policy variable in a resource", { Resource: "arn:${aws:x}" }, "policy variable arn:${aws:x}"],
    [
      "a condition value that is an object",
      when("StringEquals", "aws:RequestedRegion", {}),
      "has a value that is no string",
    ],
    ["an unknown element", { Principal: "*" }, "element Principal"],
    ["another effect", { Effect: "Maybe" }, "Effect is neither Allow nor Deny"],
    ["both Action and NotAction", { NotAction: "*" }, "must have Action or NotAction"],
  ])("%s", (_, more, message) => {
    const statements = [allow("dynamodb:*"), { ...allow("dynamodb:*"), Sid: "Odd", ...more }];
    const start = () => new AccessControl().govern(modelOf(statements));
    expect(start).toThrow(`role ${roleArn}: statement 2 (Odd)`);
    expect(start).toThrow(message);
  });

  test("a role that is not in the template", () => {
    const model = { ...modelOf([]), roles: new Map() };
    expect(() => new AccessControl().govern(model)).toThrow(`function reader: its role ${roleArn} is no role`);
  });

  test("a managed policy that is not in the template", () => {
    const managedPolicyArns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"];
    const model = { ...modelOf([]), roles: new Map([[roleArn, { arn: roleArn, statements: [], managedPolicyArns }]]) };
    expect(() => new AccessControl().govern(model)).toThrow("managed policy arn:aws:iam::aws:policy/ReadOnlyAccess");
  });

  test("nothing in a statement that reaches neither table nor secrets", () => {
    const statements = [allow("kms:Decrypt", "*", when("StringEquals", "kms:ViaService", "dynamodb"))];
    expect(() => new AccessControl().govern(modelOf(statements))).not.toThrow();
  });
});

describe("usage", () => {
  const statements = [
    allow(["dynamodb:GetItem", "dynamodb:PutItem"], table, under("A#*", "B#*")),
    allow("secretsmanager:GetSecretValue", secret),
    allow("logs:PutLogEvents", "*"),
  ];

  test("each action with each pattern of leading keys is a right of its own, used by the calls that need it", () => {
    const access = new AccessControl();
    access.govern(modelOf(statements));
    const call = ([action, body]: Call) => access.judge({ functionId, service: "dynamodb", action, body });
    call(get("A#1"));
    call(transaction({ Put: { Item: at("A#1") } }, { Put: { Item: at("B#1") } }));
    call(transaction({ Put: { Item: at("A#1") } }, { Delete: { Key: at("B#1") } }));
    const { grants, denials } = access.usage();
    expect(grants.map(({ action, leadingKeys, uses }) => [action, leadingKeys, uses])).toEqual([
      ["dynamodb:GetItem", "A#*", 1],
      ["dynamodb:GetItem", "B#*", 0],
      // A transaction that is denied as a whole has used nothing.
      ["dynamodb:PutItem", "A#*", 1],
      ["dynamodb:PutItem", "B#*", 1],
      ["secretsmanager:GetSecretValue", undefined, 0],
    ]);
    expect(denials).toMatchObject([
      { functionName: "reader", action: "dynamodb:DeleteItem", leadingKeys: ["B#1"], times: 1 },
    ]);
  });

  test("adds up over hosts and over a change of the roles", () => {
    const access = new AccessControl();
    const count = () => access.usage().grants.map(({ uses }) => uses);
    access.govern(modelOf([allow("dynamodb:GetItem")]));
    access.judge({ functionId, service: "dynamodb", action: "GetItem", body: get("x")[1] });
    const withdraw = access.govern(modelOf([allow(["dynamodb:GetItem", "dynamodb:PutItem"])]));
    expect(count()).toEqual([1, 0]);
    expect(mergeUsage([access.usage(), access.usage()]).grants.map(({ uses }) => uses)).toEqual([2, 0]);
    withdraw();
    expect(count()).toEqual([1]);
  });
});

test("a transaction of 100 items is judged item by item", () => {
  const caller = Object.fromEntries(callerKeys.map((key) => [key, "x"])) as CallerContext;
  const statement = allow(["dynamodb:PutItem", "dynamodb:GetItem"], table, under("A#*", "B*C"));
  const role = new Role({
    arn: roleArn,
    statements: Array.from({ length: 10 }, () => statement),
    managedPolicyArns: [],
  });
  const [action, body] = transaction(
    ...Array.from({ length: 100 }, (_, index) => ({ Put: { Item: at(`A#${index}`) } })),
  );
  const requests = new RequestReader(modelOf([])).requestsOf({ service: "dynamodb", action, body });
  expect(requests.map((request) => role.decide(request, caller))).toEqual(Array.from({ length: 100 }, () => "allowed"));
});
