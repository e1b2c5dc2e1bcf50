import fc from "fast-check";
import { hostOf, isPublicAddress, refuseUrl } from "../../../shared/webhooks/addresses.ts";

const refusal = (url: string, toPrivateAddresses = false) => refuseUrl(new URL(url), { toPrivateAddresses });

describe("isPublicAddress", () => {
  test.each([
    ["unspecified", ["0.0.0.0", "::"]],
    ["loopback", ["127.0.0.1", "127.255.255.254", "::1"]],
    ["private", ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1"]],
    ["link-local", ["169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::1"]],
    ["metadata services", ["169.254.169.254", "169.254.170.2", "fd00:ec2::254"]],
    ["carrier-grade NAT", ["100.64.0.1", "100.127.255.255"]],
    ["multicast", ["224.0.0.1", "239.255.255.255", "ff02::1"]],
    ["reserved and broadcast", ["240.0.0.1", "255.255.255.255"]],
    ["protocol assignments", ["192.0.0.1", "192.0.0.192", "2001::1", "2001:1::1"]],
    ["documentation", ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"]],
    ["benchmarks", ["198.18.0.1", "198.19.255.255"]],
    ["IPv4-mapped IPv6", ["::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:8.8.8.8"]],
    ["IPv4-compatible IPv6", ["::127.0.0.1", "::7f00:1"]],
    ["NAT64", ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"]],
    ["6to4", ["2002:7f00:1::1", "192.88.99.1"]],
    ["Teredo", ["2001:0:7f00:1::1"]],
    ["discard-only and site-local", ["100::1", "fec0::1"]],
    ["no address", ["", "example.com", "1.2.3", "1.2.3.4.5", "0x7f.1"]],
  ])("refuses %s addresses", (_kind, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  test.each(["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1"])(
    "accepts %s",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each(["2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:200::1", "2003::1", "2600:1f18::1"])(
    "accepts %s",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test("refuses every IPv4 address in an IPv6 address", () => {
    const byte = fc.nat(255);
    fc.assert(
      fc.property(byte, byte, byte, byte, fc.constantFrom("::ffff:", "::", "64:ff9b::"), (a, b, c, d, prefix) => {
        expect(isPublicAddress(`${prefix}${a}.${b}.${c}.${d}`)).toBe(false);
      }),
    );
  });
});

describe("refuseUrl", () => {
  test.each([
    "https://shop.example/webhooks?source=portico",
    "https://shop.example:443/",
    "https://shop.example:8443/",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://shop.example./",
  ])("accepts %s", (url) => {
    expect(refusal(url)).toBeUndefined();
  });

  test.each([
    ["http://shop.example/", "must begin with https://"],
    ["ftp://shop.example/", "must begin with https://"],
    ["file:///etc/passwd", "must begin with https://"],
    ["https://user@shop.example/", "must not have a user name or a password"],
    ["https://:secret@shop.example/", "must not have a user name or a password"],
    ["https://shop.example/#top", "must not have a fragment"],
    ["https://shop.example:25/", "must have the port 443 or one from 1024 to 65535"],
    ["https://8.8.8.8:22/", "must have the port 443 or one from 1024 to 65535"],
  ])("refuses %s", (url, reason) => {
    expect(refusal(url)).toBe(reason);
  });

  test.each([
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[fd00:ec2::254]/",
    "https://0/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://intranet/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://router.home.arpa/",
  ])("refuses the private host of %s", (url) => {
    expect(refusal(url)).toBe("must have a host with public addresses only");
  });

  test("allows private addresses and http on a stage that says so, and still no password", () => {
    expect(refusal("http://127.0.0.1:80/hook", true)).toBeUndefined();
    expect(refusal("https://localhost/", true)).toBeUndefined();
    expect(refusal("http://user@127.0.0.1/", true)).toBe("must not have a user name or a password");
    expect(refusal("ftp://127.0.0.1/", true)).toBe("must begin with https://");
  });
});

test("hostOf has neither brackets nor a dot at the end", () => {
  expect(hostOf(new URL("https://[::1]:8443/"))).toBe("::1");
  expect(hostOf(new URL("https://shop.example./"))).toBe("shop.example");
});
