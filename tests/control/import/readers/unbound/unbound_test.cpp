#include <gtest/gtest.h>

#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kOffice = "forward-zone:\n  name: \".\"\n  forward-addr: 192.168.10.2\n";  // three lines

const test::Sample kSamples[] = {
    {.description = "a zone of a VPC, all else to the office",
     .text = kOffice +
             "forward-zone:\n  name: \"studio.us-east-1.sagemaker.aws\"  # Studio\n  forward-addr: 10.16.1.10\n"
             "  forward-addr: 10.16.2.10\n",
     .yaml = {"corporate: {kind: recursive, endpoints: [192.168.10.2]}",
              "studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}", "empty_zones: on"}},
    {.description = "recursion of its own",
     .text = "server:\n  verbosity: 1\n",
     .not_yaml = {"default:"},
     .decide = {"0: all other names are refused"}},
    {.description = "several options on a line, words without quotes, no blanks",
     .text = "server:\nforward-zone: name: .\nforward-addr:192.168.10.2\n",
     .yaml = {"default: {pool: corporate}"}},
    {.description = "ports, TLS, names as servers",
     .text = kOffice + "forward-zone:\n name: a.example\n forward-addr: 10.1.1.1@5353\n forward-addr: 10.1.1.2\n "
                       "forward-host: ns.a.example\n"
                       "forward-zone:\n name: t.example\n forward-addr: 10.1.1.3@853#dns.t.example\n"
                       "forward-zone:\n name: u.example\n forward-tls-upstream: yes\n forward-addr: 10.1.1.4\n",
     .yaml = {"a.example: {kind: recursive, endpoints: [10.1.1.2]}", "- {zone: t.example, answer: refused}",
              "- {zone: u.example, answer: refused}"},
     .decide = {"4: server 10.1.1.1#5353 of a.example", "8: 'ns.a.example' is a name", "9: over TLS",
                "9: t.example is refused", "12: over TLS", "12: u.example is refused"}},
    {.description = "forward-first, stub-zone",
     .text = kOffice + "forward-zone:\n name: a.example\n forward-first: yes\n forward-addr: 10.1.1.1\n"
                       "stub-zone:\n name: b.example\n stub-addr: 10.1.1.1\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}"},
     .decide = {"4: with forward-first", "8: is a stub-zone"}},
    {.description = "bare local data is transparent: its neighbours go on",
     .text = kOffice +
             "server:\n local-data: \"host.a.example. IN A 10.1.1.7\"\n local-data: 'host.a.example 300 TXT \"x y\"'\n"
             " local-data-ptr: \"10.1.1.7 host.a.example\"\n",
     .yaml = {"- {name: host.a.example, records: [\"@ A 10.1.1.7\", \"@ 300 TXT \\\"x y\\\"\"]}",
              "- {name: 7.1.1.10.in-addr.arpa, records: [\"@ PTR host.a.example.\"]}"}},
    {.description = "types of local zones",
     .text = kOffice + R"(server:
 local-zone: "s.example" static
 local-data: "h.s.example A 10.1.1.7"
 local-zone: "r.example" redirect
 local-data: "r.example A 10.1.1.8"
 local-zone: "n.example" always_nxdomain
 local-data: "h.n.example A 10.1.1.7"
 local-zone: "z.example" always_null
 local-zone: "e.example." refuse
 local-zone: "d.example" deny
 local-zone: "i.example" inform
 local-zone: "t.example" transparent
)",
     .yaml = {"- {zone: s.example, answer: nxdomain}", "- {name: h.s.example, records: [\"@ A 10.1.1.7\"]}",
              "- {zone: r.example, answer: [10.1.1.8]}", "- {zone: n.example, answer: nxdomain}",
              "- {zone: z.example, answer: [0.0.0.0, \"::\"]}", "- {zone: e.example, answer: refused}",
              "- {zone: d.example, answer: refused}"},
     .not_yaml = {"h.n.example", "t.example"},
     .decide = {"13: no answer at all", "14: type 'inform'"},
     .note = {"10: does not count"}},
    {.description = "a local zone comes before the forward-zones in it, but for transparent ones",
     .text = kOffice + R"(forward-zone: name: in.s.example
 forward-addr: 10.1.1.1
server:
 local-zone: "s.example" static
 local-zone: "o.s.example" transparent
)",
     .yaml = {"- {zone: s.example, answer: nxdomain}", "- {zone: o.s.example, pool: corporate}"},
     .not_yaml = {"in.s.example"},
     .decide = {"4: answers it from the local-zone s.example"}},
    {.description = "reverse zones: nodefault, and all of the LAN",
     .text = kOffice +
             "server:\n local-zone: \"10.in-addr.arpa\" nodefault\n local-zone: \"168.192.in-addr.arpa\" nodefault\n"
             "forward-zone: name: 10.in-addr.arpa\n forward-addr: 10.1.1.1\n",
     .yaml = {"- {zone: 10.in-addr.arpa, pool: 10.in-addr.arpa}", "- {zone: 168.192.in-addr.arpa, pool: corporate}",
              "empty_zones: on"}},
    {.description = "built-in zones hide forward-zones, and nodefault counts for their very names",
     .text = kOffice + R"(server:
 local-zone: "5.168.192.in-addr.arpa" nodefault
 local-zone: "home.arpa" transparent
forward-zone:
 name: "5.168.192.in-addr.arpa"
 forward-addr: 10.1.1.1
forward-zone:
 name: "a.test"
 forward-addr: 10.1.1.1
forward-zone:
 name: "home.arpa"
 forward-addr: 10.1.1.1
)",
     .yaml = {"- {zone: test, answer: nxdomain}", "- {zone: home.arpa, pool: home.arpa}", "empty_zones: on"},
     .not_yaml = {"5.168.192", "a.test"},
     .decide = {"7: from the built-in local-zone 168.192.in-addr.arpa", "10: from the built-in local-zone test"},
     .note = {"5: it says nothing"}},
    {.description = "data in a transparent zone in one of type redirect",
     .text = kOffice + R"(server:
 local-zone: "r.example" redirect
 local-data: "r.example A 10.9.9.1"
 local-zone: "o.r.example" transparent
 local-data: "o.r.example A 10.9.9.2"
)",
     .yaml = {"- {zone: r.example, answer: [10.9.9.1]}", "- {zone: o.r.example, pool: corporate}",
              "- {name: o.r.example, records: [\"@ A 10.9.9.2\"]}"}},
    {.description = "all is refused but what is open; what is open in a closed zone goes to the forward-zone around it",
     .text = R"(server:
 local-zone: "." refuse
 local-zone: "open.a.example" transparent
forward-zone:
 name: "a.example"
 forward-addr: 10.1.1.1
)",
     .yaml = {"- {zone: open.a.example, pool: open.a.example}"},
     .not_yaml = {"zone: a.example", "default"},
     .decide = {"4: a.example is left out"}},
    {.description = "unblock-lan-zones",
     .text = kOffice + "server: unblock-lan-zones: yes\n",
     .not_yaml = {"empty_zones"}},
    {.description = "who may ask, and where",
     .text = kOffice + "server:\n interface: 0.0.0.0\n interface: 192.168.10.86\n interface: 192.168.10.86@853\n"
                       " access-control: 10.0.0.0/8 allow\n access-control: 10.66.0.0/16 refuse\n access-control: "
                       "0.0.0.0/0 deny\n access-control: ::ffff:10.1.2.3 allow\n",
     .yaml = {"listen: [192.168.10.86]", "allow: [10.0.0.0/8, 10.1.2.3/32]", "deny: [0.0.0.0/0, 10.66.0.0/16]"},
     .decide = {"7: listens on port 853", "10: Unbound is silent"}},
    {.description = "globs of includes, none of them is no fault",
     .text = "include: \"conf.d/*.conf\"\ninclude: none.d/*.conf\n" + kOffice,
     .beside = {{"conf.d/a.conf", "forward-zone:\n name: a.example\n forward-addr: 10.1.1.1\n"}},
     .yaml = {"- {zone: a.example, pool: a.example}"}},
    {.description = "an include that is missing",
     .text = "include: gone.conf\n",
     .broken = "1: gone.conf cannot be read"},
    {.description = "what is not carried over",
     .text = kOffice +
             "server:\n auto-trust-anchor-file: \"root.key\"\n private-address: 10.0.0.0/8\n serve-expired: yes\n"
             "rpz:\n name: rpz.example\nauth-zone:\n name: a.example\n zonefile: \"a.zone\"\nremote-control:\n "
             "control-enable: yes\n",
     .beside = {{"a.zone", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n"}},
     .yaml = {"- {zone: a.example, zone_file: a.zone}"},
     .decide = {"5: does not validate", "6: private-address", "8: rpz rpz.example has no equivalent",
                "10: is answered from its file"},
     .note = {"7: a setting of the pool", "13: not needed here"}},
    {.description = "a template",
     .text = "server:\n  interface: {{ ansible_host }}\n",
     .broken = "2: this is a template"},
    {.description = "a line that is none", .text = "server:\n what is this\n", .broken = "2: no colon"},
};

TEST(ImportUnbound, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_unbound, "unbound.conf", sample);
}

}  // namespace
}  // namespace penstock::imports
