/** Checks the URL of a webhook endpoint before it is kept. Each delivery checks it again. */
import { invalid } from "../domain/problems.ts";
import { notPublic, refuseUrl } from "./addresses.ts";
import { checkedAddresses, type SendOptions } from "./send-webhook.ts";

const timeLimitMs = 2000;

/**
 * A name that does not resolve is accepted: a partner may create the endpoint before its name.
 *
 * @throws Problem `validation_failed`
 */
export async function checkDestination(url: string, options: SendOptions): Promise<void> {
  const destination = new URL(url);
  const refused = refuseUrl(destination, options);
  if (refused !== undefined) throw invalid({ pointer: "/url", detail: refused });
  if (options.toPrivateAddresses) return;
  const addresses = await checkedAddresses(destination, options, AbortSignal.timeout(timeLimitMs));
  if (addresses === "address_refused") throw invalid({ pointer: "/url", detail: notPublic });
}
