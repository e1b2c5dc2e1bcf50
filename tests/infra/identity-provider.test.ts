/** Whose tokens a deployed stage takes: those of the provider that it was told of, and nobody else's. */
import { alarmAddresses, propertiesOf, synthesized, templateOf } from "./support/templates.ts";

const provider = {
  idpIssuer: "https://id.example.com",
  idpAudience: "portico",
  idpJwksUri: "https://id.example.com/jwks",
};

/** The provider's environment variables of each function, and the names of the API stack's parameters. */
async function deployed(context: Readonly<Record<string, string>>) {
  const template = templateOf(
    await synthesized({ stage: "prod", ...alarmAddresses, ...context }, { validate: false }),
    "Api",
  );
  const environments = propertiesOf(template, "AWS::Lambda::Function").map(
    ({ Environment }) => (Environment?.Variables ?? {}) as Readonly<Record<string, unknown>>,
  );
  expect(environments.length).toBeGreaterThan(10);
  return {
    variables: environments.map((variables) =>
      Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith("IDP_"))),
    ),
    parameters: Object.keys((template as { Parameters?: object }).Parameters ?? {}),
  };
}

test("prod without a provider accepts no external token and has no parameter for one", async () => {
  const { variables, parameters } = await deployed({});
  for (const none of variables) expect(none).toEqual({});
  expect(parameters.filter((name) => /idp|identity|public/i.test(name))).toEqual([]);
});

test("prod with a provider accepts only that one, which is written in the template", async () => {
  const { variables, parameters } = await deployed(provider);
  for (const one of variables) {
    expect(one).toEqual({
      IDP_ISSUER: provider.idpIssuer,
      IDP_AUDIENCE: provider.idpAudience,
      IDP_JWKS_URI: provider.idpJwksUri,
      IDP_ALGORITHMS: "RS256",
    });
  }
  expect(parameters.filter((name) => /idp|identity/i.test(name))).toEqual([]);
});

test.each([[{ idpIssuer: provider.idpIssuer }], [{ ...provider, idpJwksUri: "http://127.0.0.1:3001/jwks" }]])(
  "prod with %j fails the synthesis",
  async (context) => {
    await expect(synthesized({ stage: "prod", ...alarmAddresses, ...context }, { validate: false })).rejects.toThrow(
      /identity provider/,
    );
  },
);
