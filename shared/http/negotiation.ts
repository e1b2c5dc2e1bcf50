/** Proactive content negotiation by media type (RFC 9110 §12.5.1). */

interface MediaRange {
  /** In lower case; `*` stands for any. */
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/**
 * The media type that the caller prefers.
 *
 * @param accept the header as sent; without it every type is acceptable
 * @param offered in our order of preference: the first of equally good types wins, and the first of all if none is acceptable,
 *   because a readable answer is better than 406
 */
export function preferredType<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type {
  const ranges = (accept ?? "*/*").split(",").map(mediaRange);
  const quality = (type: string) => qualityOf(type, ranges);
  return offered.reduce((best, type) => (quality(type) > quality(best) ? type : best));
}

/** The weight of the most specific range that includes a type; 0 if none does. */
function qualityOf(mediaType: string, ranges: readonly MediaRange[]): number {
  const [type, subtype] = mediaType.split("/");
  const inRange = (...[ofType, ofSubtype]: readonly string[]) =>
    ranges.find((range) => range.type === ofType && range.subtype === ofSubtype);
  const range = inRange(type ?? "", subtype ?? "") ?? inRange(type ?? "", "*") ?? inRange("*", "*");
  return range?.quality ?? 0;
}

/** Ignores parameters other than the weight, because the offered types have none. */
function mediaRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const [type = "", subtype = ""] = range.split("/");
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
  return { type, subtype, quality: weight === undefined ? 1 : readWeight(weight) };
}

/** @returns 0 for an invalid weight (RFC 9110 §12.4.2), which excludes the range */
function readWeight(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
