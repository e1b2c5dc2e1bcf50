/** What a call takes and costs at each memory setting, from its CPU time and its waiting time. */

/** Settings in MB. At 1,769 MB a function has one vCPU; below, a share of one: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const settings = [256, 512, 1024, 1769] as const;
const megabytesPerCpu = 1769;

/** Of an arm64 function in most Regions: aws.amazon.com/lambda/pricing. The price of the request itself does not depend on memory. */
const dollarsPerGigabyteSecond = 0.0000133334;

/** A call to the table from a function in the same Region; it waits without CPU time. */
const tableCallMs = 4;

export interface CostAtMemory {
  readonly megabytes: number;
  readonly milliseconds: number;
  readonly dollarsPerMillion: number;
}

/** @param cpuMs of a call on one whole vCPU @param tableCalls that it makes one after the other */
export function costsByMemory(cpuMs: number, tableCalls: number): readonly CostAtMemory[] {
  return settings.map((megabytes) => {
    const milliseconds = tableCalls * tableCallMs + (cpuMs * megabytesPerCpu) / megabytes;
    const dollarsPerMillion = milliseconds * 1000 * (megabytes / 1024) * dollarsPerGigabyteSecond;
    return { megabytes, milliseconds, dollarsPerMillion };
  });
}
