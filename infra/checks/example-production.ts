/** An example of a completed production stage. The gates synthesise it as long as `infra/stages/prod.ts` is incomplete. */
import prod from "../stages/prod.ts";
import type { Stage } from "../stages/stage.ts";

const exampleProduction: Stage = {
  ...prod,
  account: "123456789012",
  region: "eu-central-1",
  repository: "portico-example/portico",
  publicUrl: "https://api.portico.example",
  hostedZone: { id: "Z0123456789ABCDEFGHIJ", name: "portico.example" },
  operations: {
    ...prod.operations,
    alarms: { page: "on-call@portico.example", ticket: "operations@portico.example" },
  },
  identityProvider: {
    issuer: "https://id.portico.example",
    audience: "portico",
    algorithms: ["RS256"],
    jwksUri: "https://id.portico.example/jwks",
  },
};

export default exampleProduction;
