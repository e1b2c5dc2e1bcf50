/** The lines of the Logs Insights query for everything that a stage has logged of one request. */
export function requestQuery(requestId: string): readonly string[] {
  return ["fields @timestamp, @log, @message", `filter requestId = '${requestId}'`, "sort @timestamp asc"];
}
