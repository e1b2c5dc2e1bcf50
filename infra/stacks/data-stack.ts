/** What must outlive every deployment: the table, its key and the secrets. */
import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Secret, type SecretStringGenerator } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { SecretName } from "../../shared/runtime/environment.ts";
import { acknowledge } from "../constructs/acknowledge.ts";
import { removalPolicyOf } from "../constructs/removal.ts";
import type { Stage } from "../stages/stage.ts";

/** The table's only index; declarations name it in `TableRight.index`. */
export const indexName = "gsi1";

/** How each secret comes into being. Its value is never in a template; changing one of these entries would replace the value. */
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
      "rotated every 30 days: its schedule is in the API stack beside the function that rotates it, and the rule looks into the secret's own stack only",
    // An empty set, which the bootstrap function replaces: Secrets Manager cannot make a key pair.
    generate: { secretStringTemplate: '{"keys":[]}', generateStringKey: "placeholder" },
  },
  clientSecretKey: {
    name: "client-secret-key",
    holds: "The HMAC key under which client secrets are stored",
    noScheduleHere: "what is stored are hashes under this key: a new key would lock every partner out",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  cursorKey: {
    name: "cursor-key",
    holds: "The HMAC key of list cursors",
    noScheduleHere:
      "a cursor is no credential; a new key would break every list that a caller is reading, and protect nothing",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  refreshTokenKey: {
    name: "refresh-token-key",
    holds: "The HMAC key that derives each refresh token from the one before",
    noScheduleHere:
      "successors of refresh tokens are derived with it: a new key would take a refresh that was under way for a theft",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  couponCodeKey: {
    name: "coupon-code-key",
    holds: "The HMAC key under which coupon codes are stored",
    noScheduleHere: "what is stored are hashes under this key: a new key would make every coupon's code unknown",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  secondFactorKey: {
    name: "second-factor-key",
    holds: "The key from which the keys of people's second factors are derived",
    noScheduleHere:
      "what is stored is encrypted and hashed under this key: a new key would make every second factor unreadable",
    generate: { passwordLength: 64, excludePunctuation: true },
  },
  rootSignIn: {
    name: "root-sign-in",
    holds: "Name and first password of the root user",
    noScheduleHere:
      "only the first password: the user's own lives as argon2id in the table, and changing it voids this value",
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

  constructor(scope: Construct, id: string, props: StackProps & { readonly stage: Stage }) {
    super(scope, id, props);
    const { stage } = props;
    const removalPolicy = removalPolicyOf(stage);

    const key = new Key(this, "Key", {
      description: `Portico ${stage.name}: table and secrets`,
      enableKeyRotation: true,
      removalPolicy,
      pendingWindow: Duration.days(stage.production ? 30 : 7),
    });
    // As AWS's own `aws/dynamodb` key: whom DynamoDB or Secrets Manager let in may use the key through them, and only
    // through them. Function roles so need no statement about the key, and none of them can decrypt anything directly.
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

    this.table = new Table(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: stage.pointInTimeRecovery },
      deletionProtection: stage.deletionProtection,
      timeToLiveAttribute: "ttl",
      // Retained in any case: where its creation is rolled back, its deletion protection would make the deletion fail.
      removalPolicy: stage.removalPolicy === "retain" ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: { name: "gsi1pk", type: AttributeType.STRING },
      sortKey: { name: "gsi1sk", type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });

    const secret = (name: SecretName): Secret => {
      const kind = secretKinds[name];
      const made = new Secret(this, name.charAt(0).toUpperCase() + name.slice(1), {
        secretName: `portico/${stage.name}/${kind.name}`,
        description: `${kind.holds} (Portico ${stage.name})`,
        encryptionKey: key,
        generateSecretString: kind.generate,
        removalPolicy,
      });
      acknowledge(made, {
        "AwsSolutions-SMG4": kind.noScheduleHere,
      });
      return made;
    };
    this.secrets = {
      signingKeys: secret("signingKeys"),
      clientSecretKey: secret("clientSecretKey"),
      cursorKey: secret("cursorKey"),
      refreshTokenKey: secret("refreshTokenKey"),
      couponCodeKey: secret("couponCodeKey"),
      secondFactorKey: secret("secondFactorKey"),
      rootSignIn: secret("rootSignIn"),
    };

    // Exported whether or not the API stack needs them today: an export that vanishes because its last reader went away makes
    // the deployment of this stack fail, since it is updated first while the old API stack still imports it.
    this.exportValue(this.table.tableArn);
    this.exportValue(this.table.tableName);
    for (const { secretArn } of Object.values(this.secrets)) this.exportValue(secretArn);
  }
}
