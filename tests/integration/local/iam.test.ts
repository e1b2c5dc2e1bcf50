import { AccessControl, type GovernedModel } from "../../../infra/local/iam/access-control.ts";
import { RequestReader } from "../../../infra/local/iam/authorization-requests.ts";
import { RolePolicy } from "../../../infra/local/iam/role-policy.ts";
import type { ServiceAnswer } from "../../../infra/local/services/service-proxy.ts";
import { mergeUsage } from "../../rights/records.ts";

const table = "arn:aws:dynamodb:us-east-1:000000000000:table/Things";
const secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:portico/local/key-1a2b3c";
const functionId = "arn:aws:lambda:us-east-1:000000000000:function:reader";
const roleArn = "arn:aws:iam::000000000000:role/Reader";

/** A deployment with one function, whose role has the given statements. */
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
        ...{
          memoryMegabytes: 128,
          timeoutSeconds: 3,
          environment: {},
          logGroup: "/reader",
          logging: { format: "Text" },
        },
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

/** Values for `:p` and, when given, `:s`. */
const values = (p: string, s?: string) => ({
  ExpressionAttributeValues: { ":p": { S: p }, ...(s !== undefined && { ":s": { S: s } }) },
});
const batchWrite = (...requests: object[]): Call => ["BatchWriteItem", { RequestItems: { Things: requests } }];

describe("a call is allowed when", () => {
  const wide = under("A#*");
  test.each<[string, object[], Call]>([
    ["a statement names its action and resource", [allow("dynamodb:GetItem")], get("x")],
    ["the action differs in case", [allow("DynamoDB:getitem")], get("x")],
    ["a wildcard matches the action", [allow("dynamodb:Get*")], get("x")],
    ["everything is allowed", [allow("*", "*")], get("x")],
    ["one of several statements allows it", [allow("dynamodb:PutItem"), allow("dynamodb:GetItem")], get("x")],
    ["one of several resources matches", [allow("dynamodb:GetItem", ["arn:aws:s3:::x", table])], get("x")],
    ["a wildcard matches the resource", [allow("dynamodb:GetItem", table.replace("Things", "Th?ng*"))], get("x")],
    ["it names the table by its ARN", [allow("dynamodb:GetItem")], ["GetItem", { TableName: table, Key: at("x") }]],
    ["the leading key matches a pattern", [allow("dynamodb:GetItem", table, wide)], get("A#1")],
    [
      "a number as leading key matches",
      [allow("dynamodb:GetItem", table, under("7"))],
      get("x", { Key: { pk: { N: "7" } } }),
    ],
    [
      "the leading key of a query matches",
      [allow("dynamodb:Query", table, wide)],
      query("#p = :p AND sk > :s", { ExpressionAttributeNames: { "#p": "pk" }, ...values("A#1", "A") }),
    ],
    [
      "the leading key of a query stands after the value",
      [allow("dynamodb:Query", table, wide)],
      query("(begins_with(sk, :s)) and (:p=pk)", values("A#1", "")),
    ],
    [
      "the statement names the queried index",
      [allow("dynamodb:Query", `${table}/index/gsi1`, wide)],
      query("gsi1pk = :p", { IndexName: "gsi1", ...values("A#1") }),
    ],
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
      "all keys of a batch match",
      [allow("dynamodb:BatchWriteItem", table, wide)],
      batchWrite({ PutRequest: { Item: at("A#1") } }, { DeleteRequest: { Key: at("A#2") } }),
    ],
    [
      "all keys of a batch of reads match",
      [allow("dynamodb:BatchGetItem", table, wide)],
      ["BatchGetItem", { RequestItems: { Things: { Keys: [at("A#1"), at("A#2")] } } }],
    ],
    ["it names the secret by its ARN", [allow("secretsmanager:GetSecretValue", secret)], readSecret(secret)],
    ["it names the secret by its name", [allow("secretsmanager:*", secret)], readSecret("portico/local/key")],
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

describe("a call is denied when", () => {
  const wide = under("A#*");
  test.each<[string, object[], Call]>([
    ["no statement allows it", [], get("x")],
    ["only a different action is allowed", [allow("dynamodb:PutItem")], get("x")],
    ["only the other service is allowed", [allow("dynamodb:*", "*")], readSecret(secret)],
    ["only a different table is allowed", [allow("dynamodb:*", `${table}2`)], get("x")],
    [
      "only the table is allowed and it reads an index",
      [allow("dynamodb:Query")],
      query("gsi1pk = :p", { IndexName: "gsi1", ...values("A") }),
    ],
    [
      "only the index is allowed and it reads the table",
      [allow("dynamodb:Query", `${table}/index/*`)],
      query("pk = :p", values("A")),
    ],
    ["a later statement denies it", [allow("dynamodb:*"), deny("dynamodb:GetItem")], get("x")],
    ["an earlier statement denies it", [deny("*", "*"), allow("dynamodb:*")], get("x")],
    ["the leading key matches no pattern", [allow("dynamodb:GetItem", table, wide)], get("B#1")],
    ["the leading key only begins with a pattern", [allow("dynamodb:GetItem", table, under("A"))], get("A#1")],
    ["the leading key differs in case", [allow("dynamodb:GetItem", table, wide)], get("a#1")],
    [
      "one item of a transaction has a different leading key",
      [allow("dynamodb:PutItem", table, wide)],
      transaction({ Put: { Item: at("A#1") } }, { Put: { Item: at("B#1") } }),
    ],
    [
      "one action of a transaction is not allowed",
      [allow("dynamodb:PutItem")],
      transaction({ Put: { Item: at("A#1") } }, { Delete: { Key: at("A#2") } }),
    ],
    [
      "an entry of a transaction holds a second item",
      [allow("dynamodb:PutItem", table, wide)],
      transaction({ Put: { Item: at("A#1") }, Delete: { Key: at("A#1") } }),
    ],
    [
      "only a member that its kind ignores has the allowed key",
      [allow("dynamodb:UpdateItem", table, wide)],
      transaction({ Update: { Item: at("A#1"), Key: at("B#1") } }),
    ],
    ["a transaction has an unknown kind of item", [allow("*", "*")], transaction({ Upsert: { Item: at("A#1") } })],
    [
      "one key of a batch does not match",
      [allow("dynamodb:BatchWriteItem", table, wide)],
      batchWrite({ PutRequest: { Item: at("A#1") } }, { DeleteRequest: { Key: at("B#1") } }),
    ],
    [
      "only the single write is allowed and it writes a batch",
      [allow("dynamodb:PutItem")],
      batchWrite({ PutRequest: { Item: at("A#1") } }),
    ],
    ["a query gives no leading key", [allow("dynamodb:*")], query("sk = :p", values("A"))],
    ["an item has no leading key", [allow("dynamodb:*")], ["PutItem", { TableName: "Things", Item: {} }]],
    ["it is a scan", [allow("dynamodb:*", "*")], ["Scan", { TableName: "Things" }]],
    ["it is PartiQL", [allow("dynamodb:*", "*")], ["ExecuteStatement", { Statement: 'SELECT * FROM "Things"' }]],
    ["its action is unknown", [allow("dynamodb:*", "*")], ["ReadEverything", {}]],
    ["the secrets' action is unknown", [allow("*", "*")], ["BatchGetSecretValue", {}]],
    ["only a different secret is allowed", [allow("secretsmanager:*", `${secret}2`)], readSecret(secret)],
    [
      "it writes a secret and only reading is allowed",
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
  const attributes = when("ForAllValues:StringEquals", "dynamodb:Attributes", ["pk", "sk", "open"]);
  const update = "SET open = if_not_exists(open, :v), b = :v";

  test.each<[string, object, Call, "allowed" | "denied"]>([
    ["StringLike with a match", when("ForAllValues:StringLike", "dynamodb:LeadingKeys", "A#*"), get("A#1"), "allowed"],
    [
      "StringEquals takes `*` literally",
      when("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "A*"),
      get("A#1"),
      "denied",
    ],
    [
      "StringEquals with one of several",
      when("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["A", "B"]),
      get("B"),
      "allowed",
    ],
    ["a key in a different case", when("ForAllValues:StringEquals", "DynamoDB:leadingkeys", "A"), get("A"), "allowed"],
    [
      "ForAllValues without a value",
      when("ForAllValues:StringLike", "dynamodb:LeadingKeys", "A"),
      readSecret(secret),
      "allowed",
    ],
    ["Null true when the key is there", when("Null", "dynamodb:LeadingKeys", "true"), get("x"), "denied"],
    ["Null true when the key is missing", when("Null", "dynamodb:LeadingKeys", "true"), readSecret(secret), "allowed"],
    ["Null false when the key is missing", when("Null", "dynamodb:LeadingKeys", false), readSecret(secret), "denied"],
    ["attributes by placeholder and path", attributes, get("x", projected), "allowed"],
    ["attributes of a projection", attributes, get("x", { ProjectionExpression: "sk, b" }), "denied"],
    ["attributes of a written item", attributes, put("x", { Item: { ...at("x"), b: { S: "" } } }), "denied"],
    [
      "attributes of an update",
      attributes,
      ["UpdateItem", { TableName: "Things", Key: at("x"), UpdateExpression: update }],
      "denied",
    ],
  ])("%s", (_, condition, call, verdict) => {
    expect(verdictOf([allow("*", "*", condition)], call)).toBe(verdict);
  });

  test("all operators and keys of a statement must hold", () => {
    const both = {
      Condition: {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "x" },
        "ForAllValues:StringEquals": { "dynamodb:Attributes": "pk" },
      },
    };
    expect(verdictOf([allow("*", "*", both)], get("x"))).toBe("denied");
  });

  test("a Deny whose condition does not hold denies nothing", () => {
    const statements = [allow("*", "*"), deny("*", "*", under("SECRET#*"))];
    expect([get("x"), get("SECRET#1")].map((call) => verdictOf(statements, call))).toEqual(["allowed", "denied"]);
  });
});

test("a denial has AWS's words", () => {
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

describe("the start refuses, naming role and statement,", () => {
  const leadingKeys = (operator: string) => when(operator, "dynamodb:LeadingKeys", "a");
  const key = (name: string, value: unknown = "a") => when("ForAllValues:StringLike", name, value);
  test.each<[string, object, string]>([
    ["an operator on numbers", leadingKeys("NumericLessThan"), "condition operator NumericLessThan"],
    ["an operator without a set prefix", leadingKeys("StringLike"), "condition operator StringLike"],
    ["an unknown set prefix", leadingKeys("ForSomeValues:StringLike"), "condition operator ForSomeValues:StringLike"],
    ["a negated operator", leadingKeys("ForAllValues:StringNotLike"), "condition operator ForAllValues:StringNotLike"],
    ["an operator with IfExists", leadingKeys("NullIfExists"), "condition operator NullIfExists"],
    ["an unknown condition key", key("aws:PrincipalTag/team"), "condition key aws:PrincipalTag/team"],
    ["a policy variable in a condition", key("dynamodb:LeadingKeys", "${aws:x}"), "the policy variable ${aws:x}"],
    ["a policy variable in a resource", { Resource: "arn:${aws:x}" }, "the policy variable arn:${aws:x}"],
    ["a condition value that is an object", key("dynamodb:LeadingKeys", {}), "must be a string or a list of strings"],
    ["an action that the host does not judge", { Action: "dynamodb:Scan" }, "action dynamodb:Scan is not known"],
    ["a service that the host does not emulate", { Action: "s3:GetObject" }, "action s3:GetObject is not known"],
    ["an unknown element", { Principal: "*" }, "element Principal is not known"],
    ["NotAction", { NotAction: "*" }, "element NotAction is not known"],
    ["an unknown effect", { Effect: "Maybe" }, "element Effect must be Allow or Deny"],
    ["a statement without a resource", { Resource: undefined }, "element Resource is missing"],
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

  test("a managed policy", () => {
    const managedPolicyArns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"];
    const model = { ...modelOf([]), roles: new Map([[roleArn, { arn: roleArn, statements: [], managedPolicyArns }]]) };
    expect(() => new AccessControl().govern(model)).toThrow("managed policy arn:aws:iam::aws:policy/ReadOnlyAccess");
  });
});

test("rights to logs and traces are not judged", () => {
  const statements = [allow(["logs:PutLogEvents", "xray:*"], "*", when("StringEquals", "aws:SourceAccount", "1"))];
  const access = new AccessControl();
  access.govern(modelOf(statements));
  expect(access.usage().rights).toEqual([]);
});

describe("the recorded usage", () => {
  const statements = [
    allow(["dynamodb:GetItem", "dynamodb:PutItem"], table, under("A#*", "B#*")),
    allow("secretsmanager:GetSecretValue", secret),
    allow("logs:PutLogEvents", "*"),
  ];

  test("counts each action with each pattern of leading keys as a right of its own", () => {
    const access = new AccessControl();
    access.govern(modelOf(statements));
    const call = ([action, body]: Call) => access.judge({ functionId, service: "dynamodb", action, body });
    call(get("A#1"));
    call(transaction({ Put: { Item: at("A#1") } }, { Put: { Item: at("B#1") } }));
    call(transaction({ Put: { Item: at("A#1") } }, { Delete: { Key: at("B#1") } }));
    const { rights, denials } = access.usage();
    expect(rights.map(({ action, leadingKeys, uses }) => [action, leadingKeys, uses])).toEqual([
      ["dynamodb:GetItem", "A#*", 1],
      ["dynamodb:GetItem", "B#*", 0],
      // A denied transaction uses no right.
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
    const count = () => access.usage().rights.map(({ uses }) => uses);
    access.govern(modelOf([allow("dynamodb:GetItem")]));
    access.judge({ functionId, service: "dynamodb", action: "GetItem", body: get("x")[1] });
    const withdraw = access.govern(modelOf([allow(["dynamodb:GetItem", "dynamodb:PutItem"])]));
    expect(count()).toEqual([1, 0]);
    expect(mergeUsage([access.usage(), access.usage()]).rights.map(({ uses }) => uses)).toEqual([2, 0]);
    withdraw();
    expect(count()).toEqual([1]);
  });
});

test("every item of a transaction of 100 is judged", () => {
  const statement = allow(["dynamodb:PutItem", "dynamodb:GetItem"], table, under("A#*", "B*C"));
  const policy = new RolePolicy({ arn: roleArn, statements: [statement], managedPolicyArns: [] });
  const [action, body] = transaction(
    ...Array.from({ length: 100 }, (_, index) => ({ Put: { Item: at(index === 99 ? "C#1" : `A#${index}`) } })),
  );
  const requests = new RequestReader(modelOf([])).requestsOf({ service: "dynamodb", action, body });
  const decisions = requests.map((request) => policy.decide(request));
  expect(decisions).toEqual([...Array.from({ length: 99 }, () => "allowed"), "denied"]);
});
