/** The partitions of all audit records, as a role may be granted them. Here, because declarations name them. */
export const auditRecordPartitions = "AUDIT#*";
