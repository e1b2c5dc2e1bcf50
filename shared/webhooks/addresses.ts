/**
 * Where webhooks may go. Partners choose the URLs, so without these rules they could make Portico call what only its own network
 * reaches: see `docs/security.md`.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

/** IPv4 networks that are not public (RFC 6890 and its successors). */
const privateNetworks = [
  ["0.0.0.0", 8, "this host"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "carrier-grade NAT"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local, with the metadata services"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "protocol assignments"],
  ["192.0.2.0", 24, "documentation"],
  ["192.88.99.0", 24, "6to4 relays"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "benchmarks"],
  ["198.51.100.0", 24, "documentation"],
  ["203.0.113.0", 24, "documentation"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved, with the broadcast address"],
] as const;

/** Parts of IPv6's global unicast addresses that are not public, or that carry an IPv4 address. */
const specialNetworks = [
  ["2001::", 23, "protocol assignments, with Teredo"],
  ["2001:db8::", 32, "documentation"],
  ["2002::", 16, "6to4"],
  ["3fff::", 20, "documentation"],
] as const;

const privateIPv4 = new BlockList();
for (const [network, prefix] of privateNetworks) privateIPv4.addSubnet(network, prefix, "ipv4");
const specialIPv6 = new BlockList();
for (const [network, prefix] of specialNetworks) specialIPv6.addSubnet(network, prefix, "ipv6");
/** Everything else is loopback, link-local, unique local, multicast, IPv4-mapped, translated (NAT64) or not assigned. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

/** Whether an address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !privateIPv4.check(address, "ipv4");
  // A zone is a link of this machine.
  if (!isIPv6(address) || address.includes("%")) return false;
  return globalUnicast.check(address, "ipv6") && !specialIPv6.check(address, "ipv6");
}

/** Names that lead to no public address, whatever a resolver says. */
const privateNames = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)$/;

/** What a stage allows. */
export interface DestinationRules {
  /** On one machine: private addresses, any port and `http`. */
  readonly toPrivateAddresses: boolean;
}

/**
 * Why webhooks may not go to a URL; undefined if they may, as far as the URL alone tells. The parser has brought all spellings of
 * an IPv4 address, such as `0x7f.1`, into one form.
 */
export function refuseUrl(url: URL, { toPrivateAddresses }: DestinationRules): string | undefined {
  if (url.protocol !== "https:" && !(toPrivateAddresses && url.protocol === "http:")) return "must begin with https://";
  if (url.username !== "" || url.password !== "") return "must not have a user name or a password";
  if (url.hash !== "") return "must not have a fragment";
  if (toPrivateAddresses) return undefined;
  const host = hostOf(url);
  if (isIP(host) !== 0) return isPublicAddress(host) ? refusePort(url) : notPublic;
  if (!host.includes(".") || privateNames.test(host)) return notPublic;
  return refusePort(url);
}

/** The refusal of a host that is not public, or that has an address that is not. */
export const notPublic = "must have a host with public addresses only";

/** Ports below 1024 belong to other protocols, some of which can be made to act by a request of HTTP. */
function refusePort({ port }: URL): string | undefined {
  return port === "" || Number(port) >= 1024 ? undefined : "must have the port 443 or one from 1024 to 65535";
}

/** The host as resolvers and sockets take it: without the brackets of an IPv6 address and the dot at the end. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}
