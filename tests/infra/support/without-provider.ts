/** Production without an identity provider and without a hosted zone. */
import exampleProduction from "../../../infra/checks/example-production.ts";
import type { Stage } from "../../../infra/stages/stage.ts";

const { identityProvider: _provider, hostedZone: _zone, ...rest } = exampleProduction;
const withoutProvider: Stage = rest;

export default withoutProvider;
