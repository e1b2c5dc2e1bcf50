/** Monitoring settings of a stage: alarm recipients, service level objectives and budget. */

/** An alarm recipient: an e-mail address, or a phone number in the form `+4915112345678` for text messages. */
export interface AlarmAddresses {
  /** For alarms that need action at once. */
  readonly page: string;
  /** For alarms that are read on the next working day. */
  readonly ticket: string;
}

/** Service level objectives over 30 days. */
export interface Objectives {
  /** Share of calls that do not end in a 5xx. */
  readonly availability: number;
  /** Share of calls that API Gateway answers within the bound. */
  readonly latency: { readonly withinMs: number; readonly share: number };
  /** Minimum number of bad calls in the long window. At night one failure is already a large share. */
  readonly minBadCalls: number;
}

export interface OperationsSettings {
  /** Production refuses to synthesise without them. */
  readonly alarms?: AlarmAddresses;
  readonly objectives: Objectives;
  /** Quota `Concurrent executions` of Lambda in the account and Region: all functions share it. */
  readonly lambdaConcurrencyQuota: number;
  /** Budget of the whole account per month, in US dollars. */
  readonly monthlyBudgetDollars: number;
  /** Share of the calls that X-Ray traces beyond one call a second. */
  readonly traceShare: number;
  /** Calls the API every five minutes as a partner does, and rings when it is not served. Its costs are in `docs/costs.md`. */
  readonly syntheticPartner: boolean;
  /** Base URL of the runbooks, without a slash at the end: `https://git.example.com/portico/docs/runbooks`. */
  readonly runbooksUrl?: string;
}

export const defaultOperations: OperationsSettings = {
  objectives: { availability: 0.999, latency: { withinMs: 1000, share: 0.99 }, minBadCalls: 5 },
  lambdaConcurrencyQuota: 1000,
  monthlyBudgetDollars: 200,
  traceShare: 0.01,
  syntheticPartner: true,
};

const addressForm = /^([^\s@]+@[^\s@]+|\+[1-9][0-9]{6,14})$/;

/** The errors in the settings, one line each. */
export function operationsContradictions(settings: OperationsSettings): readonly (string | false)[] {
  const { alarms, objectives, lambdaConcurrencyQuota, monthlyBudgetDollars, traceShare, runbooksUrl } = settings;
  const { availability, latency, minBadCalls } = objectives;
  return [
    alarms !== undefined &&
      ![alarms.page, alarms.ticket].every((address) => addressForm.test(address)) &&
      "an alarm address is an e-mail address or a phone number such as +4915112345678",
    ![availability, latency.share].every((share) => share >= 0.9 && share < 1) &&
      "an objective is a share of at least 0.9 and less than 1",
    ![latency.withinMs, minBadCalls, lambdaConcurrencyQuota, monthlyBudgetDollars].every((value) => value > 0) &&
      "bounds, quotas and budgets are greater than 0",
    !(traceShare >= 0 && traceShare <= 1) && "the share of traced calls lies between 0 and 1",
    runbooksUrl !== undefined &&
      !/^https:\/\/\S+[^/\s]$/.test(runbooksUrl) &&
      "the runbooks' URL is https, without a slash at the end",
  ];
}
