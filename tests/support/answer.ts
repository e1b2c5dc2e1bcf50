/** Answers and headers as tests see them. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined if the body is not JSON. */
  readonly body: any;
}

export type RequestHeaders = Readonly<Record<string, string>>;
