/** Headers of the gateway's events. */

interface EventHeaders {
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
}

/**
 * Every value of a header, in whatever spelling it was sent.
 *
 * @param wanted the lower-case name
 */
export function headerValues({ headers, multiValueHeaders }: EventHeaders, wanted: string): readonly string[] {
  const isWanted = ([name]: readonly [string, unknown]) => name.toLowerCase() === wanted;
  const lists = Object.entries(multiValueHeaders ?? {}).filter(isWanted);
  // An event that API Gateway did not make, such as a sample, may have the single form alone.
  const values = lists.length > 0 ? lists : Object.entries(headers ?? {}).filter(isWanted);
  return values.flatMap(([, given]) => given ?? []);
}
