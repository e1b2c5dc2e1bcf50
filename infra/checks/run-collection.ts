/** Runs a Postman collection as Postman does. */
import newman, { type Summary } from "newman";

export type Variables = Readonly<Record<string, string>>;

/**
 * @param collection or the path of its file
 * @param variables what a person sets before a run, such as `baseUrl`
 */
export function runCollection(collection: object | string, variables: Variables): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const envVar = Object.entries(variables).map(([key, value]) => ({ key, value }));
    const options = { collection, envVar, timeoutRequest: 60_000 };
    newman.run(options, (error, summary) => (error ? reject(error) : resolve(summary)));
  });
}
