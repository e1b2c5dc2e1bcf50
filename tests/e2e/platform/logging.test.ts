/** Secrets, tokens, passwords, names and addresses never reach a log. */
import { setImmediate } from "node:timers/promises";
import { companyCalls } from "../../support/companies.ts";
import { withKey } from "../../support/idempotency.ts";
import { basic, credentials, logged, tokenRequests } from "../../support/oauth-answers.ts";
import { newUser, refresh, signIn, type TestSession } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { sessionCalls } from "../../support/sessions.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { tokenEndpointCalls } from "../../support/token-endpoints.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { changePassword, revoke } = sessionCalls(portico);
const { requestToken, requestWithBasic } = tokenRequests(portico);
const { ask } = tokenEndpointCalls(portico);
const { cancel, create, extend } = subscriptionCalls(portico);
const { add, change, companyWith } = companyCalls(portico);

test("usernames, passwords and tokens of sign-ins are never logged", async () => {
  const { username, password } = portico.host.rootSignIn!;
  const name = "a-name-to-be-searched-for";
  const answers = [
    await signIn(portico, { username, password }),
    await signIn(portico, { username: name, password: "a-password-to-be-searched-for" }),
    await portico.call("POST", "/v1/auth/login", { json: { username: name, password: 1, "to-be-searched-for": 1 } }),
  ];
  const ids = answers.map(({ headers }) => headers.get("x-request-id")!);
  while (!ids.every((id) => portico.logs.some((line) => line.includes(id)))) await setImmediate();
  const sensitive = [password, answers[0]!.body.accessToken as string, "to-be-searched-for"];
  expect(sensitive.filter((text) => portico.logs.some((line) => line.includes(text)))).toEqual([]);
});

test("usernames, passwords and tokens of sessions are never logged", async () => {
  const marks = { username: "name-to-be-searched-for", password: "password to-be-searched-for" };
  const user = await newUser(portico, marks);
  const first = await signIn(portico, user);
  const { accessToken, refreshToken } = first.body as TestSession;
  const second = await refresh(portico, refreshToken);
  const answers = [
    first,
    second,
    await refresh(portico, second.body.refresh_token),
    await refresh(portico, refreshToken),
    await refresh(portico, "token-to-be-searched-for"),
    await refresh(portico, second.body.refresh_token, { client_id: "client-to-be-searched-for" }),
    await signIn(portico, { ...user, password: "wrong to-be-searched-for" }),
    await revoke(second.body.refresh_token),
    await revoke("token-to-be-searched-for"),
  ];
  const third = await signIn(portico, user);
  const token = String(third.body.accessToken);
  answers.push(
    third,
    await changePassword(token, "wrong to-be-searched-for", "new to-be-searched-for"),
    await changePassword(token, user.password, "new to-be-searched-for"),
    await portico.call("PATCH", "/v1/users/me", {
      token,
      json: { name: "to-be-searched-for", x: "to-be-searched-for" },
    }),
    await portico.call("PATCH", "/v1/users/me", {
      token,
      json: { name: "to-be-searched-for", birthDate: "1915-12-10" },
    }),
    await portico.call("POST", "/v1/auth/logout", { token }),
  );
  await logged(portico, answers);
  const tokens = [accessToken, refreshToken, ...answers.map(({ body }) => body?.access_token as string | undefined)];
  const secrets = [...tokens, second.body.refresh_token as string, third.body.refreshToken as string]
    .filter((secret) => secret !== undefined)
    .flatMap((secret) => [secret, secret.split(".").at(-1)!]);
  const sensitive = [...secrets, "to-be-searched-for", "1915-12-10"];
  expect(sensitive.filter((text) => portico.logs.some((line) => line.includes(text)))).toEqual([]);
});

test("secrets, tokens, e-mail addresses and Authorization headers are never logged", async () => {
  const partner = await portico.registerPartner({ secret: "a-secret-to-be-searched-for" });
  const { email, secret, id } = partner;
  const wrong = "another-secret-to-be-searched-for";
  const answers = [
    await requestToken(credentials(partner)),
    await requestWithBasic(email, secret),
    await requestToken({ client_id: email, client_secret: wrong }),
    await requestWithBasic(id, wrong, { client_secret: secret }),
    await requestToken({ ...credentials(partner), scope: "a-scope-to-be-searched-for" }),
    await portico.call("GET", "/v1/partners/me", { token: "a-token-to-be-searched-for" }),
  ];
  await logged(portico, answers);
  const tokens = answers
    .map(({ body }) => body.access_token as string | undefined)
    .filter((token) => token !== undefined);
  const sensitive = [
    ...tokens,
    ...tokens.map((token) => token.split(".")[2]!),
    email,
    secret,
    wrong,
    "to-be-searched-for",
  ];
  sensitive.push(...[basic(email, secret), basic(id, wrong)].map((header) => header.slice("Basic ".length)));
  expect(sensitive.filter((text) => portico.logs.some((line) => line.includes(text)))).toEqual([]);
});

test("tokens are not logged at introspection or revocation", async () => {
  const { token, ...partner } = await portico.partnerWithToken();
  await logged(portico, [await ask("introspect", partner, token), await ask("revoke", partner, token)]);
  const sensitive = [token.split(".")[2]!, partner.secret];
  expect(portico.logs.filter((line) => sensitive.some((text) => line.includes(text)))).toEqual([]);
});

test("e-mail addresses of subscriptions are never logged", async () => {
  const { token } = await portico.partnerWithToken();
  const secret = "grace.hopper.4711";
  const userEmail = `${secret}@example.com`;
  await create(token, { userEmail });
  await create(token, { userEmail });
  await create(token, { userEmail, duration: userEmail, [userEmail]: userEmail }, { user: "u2" });
  await create(token, { userEmail: [userEmail] }, { user: "u2" });
  await call("POST", "/v1/subscriptions", {
    token,
    raw: `{"userEmail":"${userEmail}"`,
    headers: { "content-type": "application/json" },
  });
  await extend(token, { userEmail });
  await cancel(token);
  expect(portico.logs.length).toBeGreaterThan(0);
  expect(portico.logs.join("\n")).not.toContain(secret);
});

test("names, phone numbers and accounts of companies are never logged", async () => {
  const { token, path, accounts } = await companyWith();
  const fields = { name: "Sigilo", phone: "998877665544", declaredBilling: "4242424242.42" };
  const account = { agency: "S3CR3T", accountNumber: "H1DD3N" };
  for (const headers of [{}, withKey("k")]) {
    await change(token, path, fields);
    await add(token, accounts, account, headers);
    await add(token, accounts, { ...account, bankCode: "999" }, headers);
  }
  await change(token, path, { ...fields, phone: `${fields.phone}-` });
  const logged = portico.logs.join("\n");
  expect(logged).toContain("companies.add-account");
  for (const value of [...Object.values(fields), ...Object.values(account)]) expect(logged).not.toContain(value);
});
