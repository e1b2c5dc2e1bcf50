/** Whose tokens a deployed stage takes: those of the provider in its settings, and nobody else's. */
import exampleProduction from "../../infra/checks/example-production.ts";
import type { IdentityProvider } from "../../infra/stages/stage.ts";
import { propertiesOf, synthesized, templateOf } from "./support/templates.ts";

/** The variables of the provider as every function gets them, and the names of the API stack's parameters. */
async function deployed(stageFile: string) {
  const template = templateOf(await synthesized({ stageFile }, { validate: false }), "Api");
  const environments = propertiesOf(template, "AWS::Lambda::Function").map(
    ({ Environment }) => (Environment?.Variables ?? {}) as Readonly<Record<string, unknown>>,
  );
  expect(environments.length).toBeGreaterThan(10);
  return {
    variables: environments.map((variables) =>
      Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith("IDP_"))),
    ),
    parameters: Object.keys(template.Parameters ?? {}),
  };
}

test("production without a provider accepts no external token, and no parameter enables one", async () => {
  const { variables, parameters } = await deployed("tests/infra/support/without-provider.ts");
  for (const none of variables) expect(none).toEqual({});
  expect(parameters.filter((name) => /idp|identity|public/i.test(name))).toEqual([]);
});

test("production with a provider accepts only that one, which the template names", async () => {
  const { variables, parameters } = await deployed("infra/checks/example-production.ts");
  const provider = exampleProduction.identityProvider as IdentityProvider;
  for (const one of variables) {
    expect(one).toEqual({
      IDP_ISSUER: provider.issuer,
      IDP_AUDIENCE: provider.audience,
      IDP_JWKS_URI: provider.jwksUri,
      IDP_ALGORITHMS: "RS256",
    });
  }
  expect(parameters.filter((name) => /idp|identity/i.test(name))).toEqual([]);
});
