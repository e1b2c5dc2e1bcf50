/** The part of `oidc-provider` that the local identity provider uses. The package has no types. */
declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  /** A registered client. */
  export interface Client {
    readonly clientId: string;
  }

  /** An ID token that has not been signed yet (OpenID Connect Core §2). */
  export interface IdToken {
    /** Decides which claims of the constructor go into the token. */
    scope: string;
    /** Adds a claim regardless of the scope. */
    set(claim: string, value: unknown): void;
    /** Signs it. */
    issue(options: { readonly use: "idtoken" }): Promise<string>;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly Client: { find(clientId: string): Promise<Client | undefined> };
    readonly IdToken: new (claims: object, options: { readonly client: Client }) => IdToken;
    callback(): RequestListener;
  }
}
