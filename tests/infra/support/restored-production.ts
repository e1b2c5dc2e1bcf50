/** Production on a restored table, with copies elsewhere. */
import exampleProduction from "../../../infra/checks/example-production.ts";
import type { Stage } from "../../../infra/stages/stage.ts";

const restoredProduction: Stage = {
  ...exampleProduction,
  restoredTable: "Portico-prod-20261121T201500Z",
  restoredStream:
    "arn:aws:dynamodb:eu-central-1:123456789012:table/Portico-prod-20261121T201500Z/stream/2026-11-21T21:00:00.000",
  tokensFrom: "2026-11-21T21:00:00Z",
  copies: {
    dailyBackups: { keptDays: 35, copyTo: "arn:aws:backup:eu-west-1:210987654321:backup-vault:portico" },
    secretRegions: ["eu-west-1"],
    multiRegionKey: true,
  },
};

export default restoredProduction;
