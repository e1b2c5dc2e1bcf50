/** The resources that outlive every deployment: the table, its key and the secrets. */
import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Secret, type SecretStringGenerator } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { syntheticPartnerId } from "../../shared/partners/synthetic-partner.ts";
import type { SecretName } from "../../shared/runtime/environment.ts";
import { acknowledge } from "../constructs/acknowledge.ts";
import type { Resources } from "../constructs/operation-function.ts";
import { DailyBackups } from "../constructs/daily-backups.ts";
import { removalPolicyOf } from "../constructs/removal.ts";
import type { Stage } from "../stages/stage.ts";

/** The table's indexes; declarations name one in `TableRight.index`. */
export const indexNames = ["gsi1", "gsi2"] as const;

/** How Secrets Manager generates each secret. A value never stands in a template. A change of `generate` replaces the value. */
const secretKinds: Record<
  SecretName,
  {
    readonly name: string;
    readonly holds: string;
    /** Why this stack has no rotation schedule for it. */
    readonly noScheduleHere: string;
    readonly generate: SecretStringGenerator;
  }
> = {
  signingKeys: {
    name: "signing-keys",
    holds: "The keys that sign access tokens, as a JWK set",
    noScheduleHere:
      "rotated every 30 days: the schedule is in the API stack, beside the function that rotates the secret, and the rule checks the secret's own stack only",
    // An empty set, which the bootstrap function replaces: Secrets Manager cannot make a key pair.
    generate: { secretStringTemplate: '{"keys":[]}', generateStringKey: "placeholder" },
  },
  clientSecretKey: {
    name: "client-secret-key",
    holds: "The HMAC key under which client secrets are stored",
    noScheduleHere: "client secrets are stored as hashes under this key: a new key would lock every partner out",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  cursorKey: {
    name: "cursor-key",
    holds: "The HMAC key of list cursors",
    noScheduleHere: "a cursor is not a credential: a new key would only break the lists that callers are reading",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  refreshTokenKey: {
    name: "refresh-token-key",
    holds: "The HMAC key that derives each refresh token from the one before",
    noScheduleHere:
      "the next refresh token is derived with it: a new key would make a refresh in progress look like a theft",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  couponCodeKey: {
    name: "coupon-code-key",
    holds: "The HMAC key under which coupon codes are stored",
    noScheduleHere: "coupon codes are stored as hashes under this key: with a new key, no code would be found",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  syntheticPartner: {
    name: "synthetic-partner",
    holds: "Client id and client secret of the synthetic partner",
    noScheduleHere:
      "a deployment brings the partner in line with this value; it reaches nothing but the partner's own test subscriptions",
    generate: {
      secretStringTemplate: JSON.stringify({ clientId: syntheticPartnerId }),
      generateStringKey: "clientSecret",
      passwordLength: 64,
      excludePunctuation: true,
    },
  },
  secondFactorKey: {
    name: "second-factor-key",
    holds: "The key from which the keys of people's second factors are derived",
    noScheduleHere:
      "what is stored is encrypted and hashed under this key: a new key would make every second factor unreadable",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  webhookKey: {
    name: "webhook-key",
    holds: "The key from which the keys are derived that encrypt the secrets of webhook endpoints",
    noScheduleHere:
      "what is stored is encrypted under this key: a new key would make the secrets of all webhook endpoints unreadable",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  rootSignIn: {
    name: "root-sign-in",
    holds: "Name and first password of the root user",
    noScheduleHere:
      "it is only the first password: the current one is stored as argon2id in the table, and changing it voids this value",
    generate: {
      secretStringTemplate: '{"username":"root"}',
      generateStringKey: "password",
      passwordLength: 32,
      excludePunctuation: true,
    },
  },
};

export class DataStack extends Stack {
  readonly table: Table;
  readonly secrets: Readonly<Record<SecretName, Secret>>;
  readonly #stage: Stage;

  constructor(scope: Construct, id: string, props: StackProps & { readonly stage: Stage }) {
    super(scope, id, props);
    this.#stage = props.stage;
    const key = this.#key();
    this.table = this.#table(key);
    this.secrets = {
      signingKeys: this.#secret("signingKeys", key),
      clientSecretKey: this.#secret("clientSecretKey", key),
      cursorKey: this.#secret("cursorKey", key),
      refreshTokenKey: this.#secret("refreshTokenKey", key),
      couponCodeKey: this.#secret("couponCodeKey", key),
      secondFactorKey: this.#secret("secondFactorKey", key),
      webhookKey: this.#secret("webhookKey", key),
      rootSignIn: this.#secret("rootSignIn", key),
      syntheticPartner: this.#secret("syntheticPartner", key),
    };
    const { dailyBackups } = props.stage.copies ?? {};
    if (dailyBackups !== undefined) {
      const { tableArn } = this.usedTable;
      new DailyBackups(this, "Backups", { stage: props.stage, tableArn, settings: dailyBackups });
    }

    // Exported whether or not the API stack reads them today. CloudFormation updates this stack first, while the old API
    // stack still imports its values, so an export that disappears with its last reader makes the deployment fail.
    this.exportValue(this.table.tableArn);
    this.exportValue(this.table.tableName);
    this.exportValue(this.#stream);
    for (const { secretArn } of Object.values(this.secrets)) this.exportValue(secretArn);
  }

  #key(): Key {
    const key = new Key(this, "Key", {
      description: `Portico ${this.#stage.name}: table and secrets`,
      enableKeyRotation: true,
      ...(this.#stage.copies?.multiRegionKey === true && { multiRegion: true }),
      removalPolicy: removalPolicyOf(this.#stage),
      pendingWindow: Duration.days(this.#stage.production ? 30 : 7),
    });
    // The same rule as in AWS's own key `aws/dynamodb`: callers that DynamoDB or Secrets Manager admit may use the key
    // through these services only. Function roles therefore need no right on the key, and cannot decrypt directly.
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: "UseThroughTheServicesOfThisAccount",
        principals: [new AnyPrincipal()],
        actions: [
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
          "kms:CreateGrant",
          "kms:DescribeKey",
        ],
        resources: ["*"],
        conditions: {
          StringEquals: {
            "kms:CallerAccount": this.account,
            "kms:ViaService": [`dynamodb.${this.region}.amazonaws.com`, `secretsmanager.${this.region}.amazonaws.com`],
          },
        },
      }),
    );
    return key;
  }

  #table(encryptionKey: Key): Table {
    const table = new Table(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: this.#stage.pointInTimeRecovery },
      deletionProtection: this.#stage.deletionProtection,
      timeToLiveAttribute: "ttl",
      // Functions react to new items.
      stream: StreamViewType.NEW_IMAGE,
      // Not RetainExceptOnCreate: deletion protection would make the rollback of a failed creation fail.
      removalPolicy: this.#stage.removalPolicy === "retain" ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    for (const indexName of indexNames) {
      table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: { name: `${indexName}pk`, type: AttributeType.STRING },
        sortKey: { name: `${indexName}sk`, type: AttributeType.STRING },
        projectionType: ProjectionType.ALL,
      });
    }
    return table;
  }

  #secret(name: SecretName, encryptionKey: Key): Secret {
    const kind = secretKinds[name];
    const secret = new Secret(this, name.charAt(0).toUpperCase() + name.slice(1), {
      secretName: `portico/${this.#stage.name}/${kind.name}`,
      description: `${kind.holds} (Portico ${this.#stage.name})`,
      encryptionKey,
      generateSecretString: kind.generate,
      // Encrypted there with the Region's own key of Secrets Manager: this stack's key does not exist there.
      replicaRegions: (this.#stage.copies?.secretRegions ?? []).map((region) => ({ region })),
      removalPolicy: removalPolicyOf(this.#stage),
    });
    acknowledge(secret, { "AwsSolutions-SMG4": kind.noScheduleHere });
    return secret;
  }

  /**
   * The table that the stage uses: the one of this stack, or a restored one by its name. The exports of this stack's own table
   * stay, so one deployment can change from one table to the other and back.
   */
  get usedTable(): { readonly tableName: string; readonly tableArn: string; readonly streamArn: string } {
    const { restoredTable, restoredStream } = this.#stage;
    if (restoredTable === undefined || restoredStream === undefined) {
      const { tableName, tableArn } = this.table;
      return { tableName, tableArn, streamArn: this.#stream };
    }
    const tableArn = this.formatArn({ service: "dynamodb", resource: "table", resourceName: restoredTable });
    return { tableName: restoredTable, tableArn, streamArn: restoredStream };
  }

  get #stream(): string {
    const { tableStreamArn } = this.table;
    if (tableStreamArn === undefined) throw new Error("the table has no stream");
    return tableStreamArn;
  }

  /** What functions are given rights to. */
  get resources(): Resources {
    const secrets = Object.entries(this.secrets) as [SecretName, Secret][];
    return {
      tableArn: this.usedTable.tableArn,
      secretArns: Object.fromEntries(secrets.map(([name, { secretArn }]) => [name, secretArn])) as Record<
        SecretName,
        string
      >,
    };
  }
}
