/** The partner as which Portico calls itself, to tell silence from an outage. */

/**
 * Its id on every stage, recognisable in logs. It has a principal and a credential and no profile, so no list and no number
 * of partners has it, and no administrator can change it.
 */
export const syntheticPartnerId = "ptr_00000000000000SYNTHPARTNER";
