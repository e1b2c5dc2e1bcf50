/**
 * Stands in for `@aws-sdk/credential-provider-node` in the functions' bundles. In Lambda the credentials come from the
 * environment and from nowhere else; the SDK's own chain also carries single sign-on, profiles, processes and the metadata
 * services, which would add 132 KB and 20 ms of start to every function.
 */
import { fromEnv } from "@aws-sdk/credential-provider-env";

/** The provider that the SDK's clients use when they are given none. Throws `CredentialsProviderError` outside Lambda. */
export const defaultProvider = (): ReturnType<typeof fromEnv> => fromEnv();
