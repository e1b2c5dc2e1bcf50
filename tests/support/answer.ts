/** Answers and headers as tests see them. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined if the body is not JSON. */
  readonly body: any;
}

export type RequestHeaders = Readonly<Record<string, string>>;

/** Status and problem code of an answer: `409 subscription_exists`, `201`. */
export function verdict({ status, body }: Answer): string {
  return body?.code === undefined ? String(status) : `${status} ${body.code}`;
}

/** The JSON Pointers of an answer's field errors. */
export function pointersOf({ body }: Answer): string[] {
  return (body?.errors ?? []).map(({ pointer }: { pointer: string }) => pointer);
}
