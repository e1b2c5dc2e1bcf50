/** Proactive content negotiation by media type (RFC 9110 §12.5.1). */

interface MediaRange {
  /** In lower case; `*` stands for any. */
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/**
 * The media type that a caller likes best.
 *
 * @param accept the header as sent; without one everything is as good
 * @param offered in the order of ours: the first of those that are equally good is taken, and the first of all where none is
 *   acceptable, since an answer that can be read beats 406
 */
export function preferredType<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type {
  const ranges = (accept ?? "*/*").split(",").map(mediaRange);
  const quality = (type: string) => qualityOf(type, ranges);
  return offered.reduce((best, type) => (quality(type) > quality(best) ? type : best));
}

/** The weight of the range that says most about a type; 0 where none includes it. */
function qualityOf(mediaType: string, ranges: readonly MediaRange[]): number {
  const [type, subtype] = mediaType.split("/");
  const inRange = (...[ofType, ofSubtype]: readonly string[]) =>
    ranges.find((range) => range.type === ofType && range.subtype === ofSubtype);
  const range = inRange(type ?? "", subtype ?? "") ?? inRange(type ?? "", "*") ?? inRange("*", "*");
  return range?.quality ?? 0;
}

/** Parameters other than the weight are left aside: what is offered has none that a caller could choose by. */
function mediaRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const [type = "", subtype = ""] = range.split("/");
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
  return { type, subtype, quality: weight === undefined ? 1 : readWeight(weight) };
}

/** @returns 0 for what is no weight (RFC 9110 §12.4.2): a range that cannot be read asks for nothing */
function readWeight(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
