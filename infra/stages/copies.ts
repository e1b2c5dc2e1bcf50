/** Copies of a stage's data outside of its table, account and Region. All are off unless a stage asks for them. */

export interface Copies {
  /** Daily backups in a vault of the stage, besides point-in-time recovery. They outlive the table. */
  readonly dailyBackups?: {
    readonly keptDays: number;
    /** ARN of a vault in another account or Region that gets a copy of each backup. */
    readonly copyTo?: string;
  };
  /** Regions that get a replica of every secret. */
  readonly secretRegions?: readonly string[];
  /**
   * Makes the key one that can be replicated to other Regions. KMS cannot change an existing key, so set it before the first
   * deployment of a stage.
   */
  readonly multiRegionKey?: boolean;
}

const vaultForm = /^arn:aws[a-z-]*:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}$/;

/** The errors in the settings, one line each. */
export function copiesContradictions(
  { dailyBackups, secretRegions = [] }: Copies,
  { account, region }: { readonly account?: string; readonly region?: string },
): readonly (string | false)[] {
  const vault = dailyBackups?.copyTo;
  const isAtHome = vault !== undefined && vault.split(":")[3] === region && vault.split(":")[4] === account;
  return [
    dailyBackups !== undefined &&
      !(Number.isInteger(dailyBackups.keptDays) && dailyBackups.keptDays > 0) &&
      "daily backups are kept for a positive whole number of days",
    vault !== undefined && !vaultForm.test(vault) && "copyTo is the ARN of a backup vault",
    isAtHome && "copyTo is a vault in another account or Region",
    !secretRegions.every((name) => /^[a-z]{2}(-[a-z]+)+-[0-9]$/.test(name)) && "a Region is named as in eu-west-1",
    region !== undefined && secretRegions.includes(region) && "secrets are replicated to other Regions than their own",
  ];
}
