import {
  deliveryFunctions,
  operatorFunctions,
  scheduledFunctions,
  systemFunctions,
} from "../../../infra/constructs/function-declarations.ts";
import { RequestReader } from "../../../infra/local/iam/authorization-requests.ts";
import { RolePolicy } from "../../../infra/local/iam/role-policy.ts";
import { identityPartitions } from "../../../shared/identity/keys.ts";
import { operations } from "../../../shared/operations.ts";
import { alteredAssembly } from "../../support/assembly.ts";
import { Portico } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { verdict } from "../../support/answer.ts";

const subscription = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1M" };

/** Removes a right from a function's role: PutItem on the leading keys with this prefix. */
function withoutPut(resources: Record<string, any>, functionName: string, leadingKeys: string): void {
  const declared: any[] = Object.values(resources);
  const { Role: role } = declared.find(({ Properties }) => Properties?.FunctionName === functionName).Properties;
  const [roleId] = role["Fn::GetAtt"];
  const { PolicyDocument: policy } = resources[roleId].Properties.Policies[0];
  const kept = policy.Statement.filter(
    ({ Action, Condition }: any) =>
      !([Action].flat().includes("dynamodb:PutItem") && JSON.stringify(Condition).includes(`"${leadingKeys}`)),
  );
  expect(kept).toHaveLength(policy.Statement.length - 1);
  policy.Statement = kept;
}

test("a call without the right in the template fails as on AWS and changes nothing", async () => {
  const altered = alteredAssembly((resources) =>
    withoutPut(resources, "Portico-local-subscriptions-create", "SUBSCRIPTION-HISTORY#"),
  );
  const reported: string[] = [];
  const portico = await Portico.start({ assembly: altered.folder, report: (line) => reported.push(line) });
  try {
    const { token } = await portico.partnerWithToken();
    const before = await contentsOf(portico.host);
    const headers = { "idempotency-key": "k1" };
    const answer = await portico.call("POST", "/v1/subscriptions", { token, json: subscription, headers });
    expect(verdict(answer)).toBe("500 internal_error");
    expect(answer.text).not.toMatch(/dynamodb|arn:|SUBSCRIPTION/i);
    expect(await contentsOf(portico.host)).toEqual(before);
    expect(reported).toEqual([
      expect.stringMatching(
        /^denied: User: arn:aws:sts::\d{12}:assumed-role\/[^/]+\/Portico-local-subscriptions-create is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:[^ ]+ because no identity-based policy allows the dynamodb:PutItem action \(leading keys: SUBSCRIPTION-HISTORY#ptr_/,
      ),
    ]);
  } finally {
    await portico.close();
    altered.remove();
  }
});

describe("updates of principals", () => {
  const portico = Portico.alone();

  /** The decision of a function's role, as the template grants it, on an update of one attribute of a principal. */
  function mayUpdate(functionId: string, attribute: string): boolean {
    const { model } = portico.host;
    const declared = model.functions.find(({ name }) => name === `Portico-local-${functionId}`);
    const role = model.roles.get(declared?.roleArn ?? "");
    if (role === undefined) throw new Error(`no role of ${functionId}`);
    const body = {
      TableName: model.tables[0]!.name,
      Key: { pk: { S: "PRINCIPAL#usr_1" }, sk: { S: "PRINCIPAL" } },
      UpdateExpression: "SET #attribute = :value",
      ExpressionAttributeNames: { "#attribute": attribute },
    };
    const [request] = new RequestReader(model).requestsOf({ service: "dynamodb", action: "UpdateItem", body });
    return new RolePolicy(role).decide(request!) === "allowed";
  }

  test("only the change of a user may write a role", () => {
    const writers = operations
      .filter(({ table }) => table.some((right) => right.actions.includes("UpdateItem")))
      .map(({ id }) => id.replace(".", "-"))
      .filter((id) => mayUpdate(id, "role"));
    expect(writers).toEqual(["users-change"]);
    expect(mayUpdate("bootstrap", "role")).toBe(false);
  });

  test("a function that ends sessions may write what it needs and nothing else", () => {
    const attributes = ["version", "sessionsFrom", "status", "role", "kind", "tokenPolicy", "anything"];
    expect(attributes.filter((attribute) => mayUpdate("auth-logout", attribute))).toEqual(["version", "sessionsFrom"]);
  });

  test("every update of principals in a declaration names its attributes", () => {
    const rights = [
      ...operations,
      ...systemFunctions,
      ...scheduledFunctions,
      ...deliveryFunctions,
      ...operatorFunctions,
    ].flatMap(({ id, table }) => table.map((right) => ({ id, right })));
    const open = rights.filter(
      ({ right }) =>
        right.actions.includes("UpdateItem") &&
        right.leadingKeys.includes(identityPartitions.principals) &&
        right.attributes === undefined,
    );
    expect(open.map(({ id }) => id)).toEqual([]);
  });
});

test("the host does not start if a function's role is not in the template", async () => {
  const altered = alteredAssembly((resources) => {
    const health = Object.values(resources).find(
      ({ Properties }) => Properties?.FunctionName === "Portico-local-system-health",
    );
    health.Properties.Role = "arn:aws:iam::000000000000:role/elsewhere";
  });
  try {
    await expect(Portico.start({ assembly: altered.folder })).rejects.toThrow(
      "function Portico-local-system-health: its role arn:aws:iam::000000000000:role/elsewhere is no role of the template",
    );
  } finally {
    altered.remove();
  }
});
