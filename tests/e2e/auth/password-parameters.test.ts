/** Parameters of password hashing grow with the years; hashes follow when their owners sign in. */
import { argon2Sync, randomBytes } from "node:crypto";
import { newUser, signIn } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { contentsOf, plantItem } from "../../support/table.ts";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

/** A PHC string with less memory and fewer passes than today's. */
function weakHash(password: string): string {
  const nonce = randomBytes(16);
  const parameters = { memory: 8192, passes: 1, parallelism: 1, tagLength: 32 };
  const hash = argon2Sync("argon2id", { message: Buffer.from(password), nonce, ...parameters });
  const unpadded = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=8192,t=1,p=1$${unpadded(nonce)}$${unpadded(hash)}`;
}

async function credentialOf(userId: string) {
  const items = await contentsOf(portico.host);
  return items.find(({ pk }) => pk === `CREDENTIAL#${userId}`)!;
}

test("a password that was hashed with smaller parameters is hashed anew when its owner signs in, not when a guess fails", async () => {
  const user = await newUser(portico);
  const weak = weakHash(user.password);
  await plantItem(portico.host, { ...(await credentialOf(user.id)), passwordHash: weak });

  expect((await signIn(portico, { ...user, password: `${user.password}?` })).status).toBe(401);
  expect(await credentialOf(user.id)).toMatchObject({ passwordHash: weak });
  expect((await signIn(portico, user)).status).toBe(200);
  expect(await credentialOf(user.id)).toMatchObject({
    passwordHash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/),
  });
  expect((await signIn(portico, user)).status).toBe(200);
});
