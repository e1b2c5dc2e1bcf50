/** Network addresses of callers. */
import { isIPv4, isIPv6 } from "node:net";

/**
 * The network that one caller has to itself: an IPv4 address, or the first 64 bits of an IPv6 address, because a host may
 * choose the others at will.
 */
export function networkOf(address: string): string {
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(":")}::/64` : address;
}

/** The network of an address as logs show it: too large to name a person, small enough to tell attackers apart. */
export function loggedNetworkOf(address: string): string {
  if (isIPv6(address)) return `${groupsOf(address).slice(0, 3).join(":")}::/48`;
  return isIPv4(address) ? `${address.split(".").slice(0, 3).join(".")}.0/24` : "unknown";
}

/** The eight groups of an IPv6 address, without leading zeros (RFC 5952 §4.1). */
function groupsOf(address: string): readonly string[] {
  // An IPv4 address at the end stands for two groups, which no prefix contains.
  const text = address.replace(/%.*$/, "").replace(/[\d.]+\.[\d.]+$/, "0:0");
  const [head = [], tail] = text.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const zeros = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16).toString(16));
}
