/** What a host records about the rights of its functions. `tests/rights` judges and prints it. */

/** A right of a function, with the number of allowed requests that used it. */
export interface RightUsage {
  readonly functionName: string;
  /** An action or a pattern of actions. */
  readonly action: string;
  readonly resource: string;
  /** Pattern of `dynamodb:LeadingKeys`; absent when the statement has none. */
  readonly leadingKeys?: string;
  /** The statement's other conditions in one line. */
  readonly conditions?: string;
  readonly uses: number;
}

/** A request that the function's role does not allow. */
export interface Denial {
  readonly functionName: string;
  readonly action: string;
  readonly resource: string;
  readonly leadingKeys?: readonly string[];
  /** What the function was told. */
  readonly message: string;
  readonly times: number;
}

export interface RightsUsage {
  readonly rights: readonly RightUsage[];
  readonly denials: readonly Denial[];
}

/** Identifies a right across hosts and deployments. */
export const rightId = ({
  functionName,
  action,
  resource,
  leadingKeys,
  conditions,
}: Omit<RightUsage, "uses">): string => JSON.stringify([functionName, action, resource, leadingKeys, conditions]);
