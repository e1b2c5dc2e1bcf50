/** Calls about users: of the root user, and of users about themselves. */
import { userFields } from "./people.ts";
import type { Answer } from "./answer.ts";
import type { RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { unknownUserId } from "./values.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const malformedUserIds = [
  "usr_",
  "usr_1",
  unknownUserId.toLowerCase(),
  unknownUserId.replace("usr_", "ptr_"),
  `${unknownUserId}0`,
];

export function userCalls(portico: Portico) {
  const { call } = portico;

  const asRoot = (method: string, path: string, json?: unknown, headers?: RequestHeaders): Promise<Answer> =>
    portico.callAsRoot(method, path, json, headers);

  const create = (fields: Fields = {}, headers: RequestHeaders = {}): Promise<Answer> =>
    asRoot("POST", "/v1/users", userFields(fields), headers);

  const read = (id: string): Promise<Answer> => asRoot("GET", `/v1/users/${id}`);

  const change = (id: string, json: unknown, headers: RequestHeaders = {}): Promise<Answer> =>
    asRoot("PATCH", `/v1/users/${id}`, json, headers);

  const remove = (id: string, headers: RequestHeaders = {}): Promise<Answer> =>
    asRoot("DELETE", `/v1/users/${id}`, undefined, headers);

  const self = (token: string): Promise<Answer> => call("GET", "/v1/users/me", { token });

  const changeSelf = (token: string, json: unknown, headers: RequestHeaders = {}): Promise<Answer> =>
    call("PATCH", "/v1/users/me", { token, json, headers });

  const rootId = async (): Promise<string> => (await self(await portico.rootToken())).body.id;

  return { asRoot, create, read, change, remove, self, changeSelf, rootId };
}
