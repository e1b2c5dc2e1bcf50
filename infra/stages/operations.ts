/** How a stage is watched: whom alarms reach, what the stage promises its callers, and what it may cost. */

/** Where alarms arrive: an e-mail address, or a phone number in the form `+4915112345678`, which gets a text message. */
export interface AlarmAddresses {
  /** For what cannot wait until the morning. */
  readonly page: string;
  /** For what is read on the next working day. */
  readonly ticket: string;
}

/** What callers may rely on, over 30 days. */
export interface Objectives {
  /** Share of calls that do not end in a 5xx. */
  readonly availability: number;
  /** Share of calls that are answered within the bound, measured by API Gateway. */
  readonly latency: { readonly withinMs: number; readonly share: number };
  /** A burn rate says nothing about fewer bad calls than this in the long window: at night one failure is a large share. */
  readonly minBadCalls: number;
}

export interface OperationsSettings {
  /** Production refuses to synthesise without them. */
  readonly alarms?: AlarmAddresses;
  readonly objectives: Objectives;
  /** Quota `Concurrent executions` of Lambda in the account and Region: all functions share it. */
  readonly lambdaConcurrencyQuota: number;
  /** What the whole account may cost in a month, in US dollars. */
  readonly monthlyBudgetDollars: number;
  /** Share of the calls beyond one a second that X-Ray traces. */
  readonly traceShare: number;
  /** Where the runbooks are read, without a slash at the end: `https://git.example.com/portico/docs/runbooks`. */
  readonly runbooksUrl?: string;
}

export const defaultOperations: OperationsSettings = {
  objectives: { availability: 0.999, latency: { withinMs: 1000, share: 0.99 }, minBadCalls: 5 },
  lambdaConcurrencyQuota: 1000,
  monthlyBudgetDollars: 200,
  traceShare: 0.01,
};

const addressForm = /^([^\s@]+@[^\s@]+|\+[1-9][0-9]{6,14})$/;

/** What is wrong with the settings, one short line each. */
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
