#include <gtest/gtest.h>

#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kOnly = "options { forward only; forwarders { 192.168.10.2; }; };\n";

const test::Sample kSamples[] = {
    {.description = "the article's case",
     .text = kOnly + R"(zone "studio.us-east-1.sagemaker.aws" IN {
  type forward; forward only;
  forwarders { 10.16.1.10; 10.16.2.10; };
};)",
     .yaml = {"corporate: {kind: recursive, endpoints: [192.168.10.2]}",
              "studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}"}},
    {.description = "the article's snippet as it stands there",
     .text = kOnly + "zone \"d-xx.Studio.us-east-1.sagemaker.aws\u201d {\n  type forward;\n  forward only;\n"
                     "  forwarders { 10.16.1.10; 10.16.2.10; };\n};\n",
     .yaml = {"- {zone: d-xx.studio.us-east-1.sagemaker.aws, pool: d-xx.studio.us-east-1.sagemaker.aws}"},
     .decide = {"2: typographic quotes"}},
    {.description = "placeholders in the place of addresses",
     .text = kOnly + "zone a.example { type forward; forward only; forwarders { INBOUND_ENDPOINT_IP1; }; };",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .decide = {"2: 'INBOUND_ENDPOINT_IP1' is not an IP address", "2: a.example is refused"}},
    {.description = "forward first is the default of a zone, whatever options say",
     .text = kOnly + "zone \"a.example\" { type forward; forwarders { 10.1.1.1; }; };",
     .yaml = {"- {zone: a.example, pool: a.example}"},
     .decide = {"2: does not inherit it"}},
    {.description = "recursion of its own",
     .text =
         "options { recursion yes; };\nzone \"a.example\" { type forward; forward only; forwarders { 10.1.1.1; }; };",
     .yaml = {"empty_zones: on"},
     .not_yaml = {"default:"},
     .decide = {"1: all other names are refused"}},
    {.description = "forwarders that BIND goes past",
     .text = "options {\n  forwarders { 10.1.1.1; 10.1.1.2; };\n};",
     .yaml = {"corporate: {kind: recursive, endpoints: [10.1.1.1, 10.1.1.2]}", "default: {pool: corporate}",
              "empty_zones: on"},
     .decide = {"2: without 'forward only'"}},
    {.description = "three kinds of comments",
     .text = "/* zone \"x\" { */ # a { b\n// } \n" + kOnly +
             "zone \"a.example\" { type forward; # {\n forward only; forwarders { 10.1.1.1; }; };",
     .yaml = {"- {zone: a.example, pool: a.example}"}},
    {.description = "equal servers in another order are one pool",
     .text = kOnly + "zone a.example { type forward; forward only; forwarders { 10.1.1.1; 10.1.1.2; }; };\n"
                     "zone b.example { type forward; forward only; forwarders { 10.1.1.2; 10.1.1.1; }; };",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}"}},
    {.description = "servers on other ports, over TLS, on the same host",
     .text = kOnly +
             "zone a.example { type forward; forward only; forwarders port 5353 { 10.1.1.1; 10.1.1.2 port 53; }; };\n"
             "zone consul { type forward; forward only; forwarders { 127.0.0.1 port 8600; }; };\n"
             "zone t.example { type forward; forward only; forwarders { 10.1.1.3 tls ours; }; };",
     .yaml = {"a.example: {kind: recursive, endpoints: [10.1.1.2]}", "- {zone: consul, answer: refused}",
              "- {zone: t.example, answer: refused}"},
     .decide = {"2: server 10.1.1.1#5353 of a.example is left out", "3: server 127.0.0.1#8600 of consul",
                "3: consul is refused", "4: over TLS", "4: t.example is refused"}},
    {.description = "a hole, in an open zone and in a private one",
     .text = kOnly + "zone a.example { type forward; forward only; forwarders { 10.1.1.1; }; };\n"
                     "zone out.a.example { type forward; };\n"
                     "zone studio.us-east-1.sagemaker.aws { type forward; forward only; forwarders { 10.2.1.1; }; };\n"
                     "zone d-1.studio.us-east-1.sagemaker.aws { type forward; };",
     .yaml = {"- {zone: out.a.example, pool: corporate}",
              "- {zone: d-1.studio.us-east-1.sagemaker.aws, answer: refused}"},
     .decide = {"5: lets it out of a private zone"}},
    {.description = "includes: beside the file, a glob, in the order of lines",
     .text = kOnly + "include \"zones/*.conf\";\ninclude \"more.conf\";",
     .beside = {{"zones/a.conf", "zone a.example { type forward; forward only; forwarders { 10.1.1.1; }; };"},
                {"zones/b.conf", "zone b.example { type forward; forward only; forwarders { 10.1.1.1; }; };"},
                {"more.conf", "\nzone c.example { type forward; forwarders { 10.1.1.1; }; };"}},
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}",
              "- {zone: c.example, pool: a.example}"},
     .decide = {"2: \"c.example\" has no 'forward only'"}},
    {.description = "an include that is missing",
     .text = kOnly + "include \"gone.conf\";",
     .broken = "2: gone.conf cannot be read"},
    {.description = "a file that includes itself",
     .text = "include \"named.conf\";",
     .broken = "1: include each other"},
    {.description = "who may ask, in order",
     .text = "acl office { !10.66.0.0/16; 10.0.0.0/8; 192.168.1/24; };\n"
             "options { forward only; forwarders { 192.168.10.2; }; allow-query { !10.9.0.0/16; office; 10.66.1.0/24; "
             "}; };",
     .yaml = {"allow: [10.0.0.0/8, 10.66.1.0/24, 192.168.1.0/24]", "deny: [10.9.0.0/16, 10.66.0.0/16]"}},
    {.description = "views: the first that has the client",
     .text = R"(options { forward only; forwarders { 192.168.10.2; }; };
view "lab" { match-clients { 10.30.0.0/16; };
  zone "a.example" { type forward; forward only; forwarders { 10.1.1.1; }; }; };
view "rest" { match-clients { any; };
  zone "a.example" { type forward; forward only; forwarders { 10.2.1.1; }; };
  zone "x.a.example" { type forward; forward only; forwarders { 10.3.1.1; }; }; };)",
     .yaml = {"lab: {prefixes: [10.30.0.0/16]}", "rest: {prefixes: [0.0.0.0/0, \"::/0\"]}",
              "- {zone: a.example, pool: a.example, clients: [lab], otherwise: next}",
              "- {zone: a.example, pool: a.example-2, clients: [rest], otherwise: next}",
              "- {zone: x.a.example, pool: x.a.example, clients: [rest], otherwise: next}"}},
    {.description = "views: a private name that another view sends to servers that are not",
     .text = R"(options { forward only; forwarders { 192.168.10.2; }; };
view "lab" { match-clients { 10.30.0.0/16; };
  zone "b.sagemaker.aws" { type forward; forward only; forwarders { 10.16.1.10; }; }; };
view "rest" { match-clients { any; };
  zone "b.sagemaker.aws" { type forward; forward only; forwarders { 192.168.10.2; }; }; };)",
     .yaml = {"b.sagemaker.aws: {kind: recursive, endpoints: [10.16.1.10]}"},
     .decide = {"3: is not made private: for other clients", "1: is not made private: its servers"}},
    {.description = "empty zones hide forward zones that are not 'forward only'",
     .text = R"(options { forward first; forwarders { 192.168.10.2; }; disable-empty-zone "31.172.in-addr.arpa"; };
zone "5.168.192.in-addr.arpa" { type forward; forward first; forwarders { 10.1.1.1; }; };
zone "10.in-addr.arpa" { type forward; forwarders { 10.1.1.1; }; };
zone "16.172.in-addr.arpa" { type forward; forward only; forwarders { 10.1.1.1; }; };
zone "1.31.172.in-addr.arpa" { type forward; forward only; forwarders { 10.1.1.1; }; };
zone "7.168.192.in-addr.arpa" { type forward; forward only; forwarders { 10.1.1.1; }; };
zone "1.7.168.192.in-addr.arpa" { type forward; forward first; forwarders { 10.1.1.2; }; };)",
     .yaml = {"- {zone: 16.172.in-addr.arpa, pool: 16.172.in-addr.arpa}",
              "- {zone: 31.172.in-addr.arpa, pool: corporate}",
              "- {zone: 1.31.172.in-addr.arpa, pool: 16.172.in-addr.arpa}", "empty_zones: on",
              "- {zone: 7.168.192.in-addr.arpa, pool: 16.172.in-addr.arpa}",
              "- {zone: 1.7.168.192.in-addr.arpa, pool: 1.7.168.192.in-addr.arpa}",
              "- {zone: home.arpa, answer: nxdomain}"},
     .not_yaml = {"5.168.192", "zone: 10.in-addr"},
     .decide = {"1: without 'forward only'", "2: built-in empty zone 168.192.in-addr.arpa", "2: does not inherit",
                "3: built-in empty zone 10.in-addr.arpa", "3: does not inherit", "7: does not inherit"}},
    {.description = "below a zone of its own; who may have names looked up may be others than who may ask",
     .text = R"(options { forward only; forwarders { 192.168.10.2; }; allow-recursion { 10.0.0.0/8; }; };
zone "a.example" { type primary; file "a.zone"; };
zone "x.a.example" { type forward; forward only; forwarders { 10.1.1.1; }; };)",
     .beside = {{"a.zone", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n"}},
     .yaml = {"allow: [10.0.0.0/8]"},
     .decide = {"1: is about recursion only", "2: answered from its file", "3: only if the file of zone a.example"}},
    {.description = "zones of its own",
     .text = kOnly + R"(zone "a.example" { type master; file "a.zone"; allow-update { any; }; };
zone "b.example" { type slave; masters { 10.1.1.5; }; };
zone "." { type hint; file "root"; };
zone "localhost" { type master; file "local"; };)",
     .beside = {{"a.zone", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n"}},
     .yaml = {"- {zone: a.example, zone_file: a.zone}", "- {zone: b.example, pool: b.example}"},
     .decide = {"2: dynamic updates are lost", "3: pool of its primaries"},
     .note = {"5: is built in"}},
    {.description = "what is said twice, and reverse zones",
     .text = kOnly +
             "zone 1.10.in-addr.arpa { type forward; forward only; forwarders { 10.1.1.1; }; };\n"
             "zone 1.10.in-addr.arpa { type forward; forward only; forwarders { 10.1.1.9; }; };\nlogging { };\n",
     .yaml = {"- {zone: 1.10.in-addr.arpa, pool: 1.10.in-addr.arpa}"},
     .decide = {"3: 1.10.in-addr.arpa is left out"},
     .note = {"4: logging is not needed"}},
    {.description = "listen-on, validation, rate-limit",
     .text = "options { forward only; forwarders { 192.168.10.2; };\nlisten-on { 127.0.0.1; 192.168.10.86; };\n"
             "listen-on-v6 port 5353 { any; };\ndnssec-validation auto;\nrate-limit { responses-per-second 5; }; };",
     .yaml = {"listen: [192.168.10.86]"},
     .decide = {"3: listens on port 5353", "4: does not validate"},
     .note = {"5: response_rate"}},
    {.description = "empty zones, but for some",
     .text = "options { forwarders { 192.168.10.2; };\ndisable-empty-zone \"10.in-addr.arpa\"; };\n",
     .yaml = {"- {zone: 10.in-addr.arpa, pool: corporate}", "empty_zones: on"},
     .decide = {"1: without 'forward only'"}},
    {.description = "no empty zones",
     .text = "options { forwarders { 192.168.10.2; }; empty-zones-enable no; };\n",
     .not_yaml = {"empty_zones"},
     .decide = {"1: without 'forward only'"}},
    {.description = "a view with a default of its own, a shared zone, a view that nobody is in",
     .text = "options { forward only; forwarders { 192.168.10.2; }; };\n"
             "view \"lab\" { match-clients { 10.30.0.0/16; }; forward only; forwarders { 10.1.1.9; };\n"
             "  zone \"a.example\" { type forward; forward only; forwarders { 10.1.1.1; }; }; };\n"
             "view \"all\" { match-clients { any; }; forward only; forwarders { 192.168.10.3; };\n"
             "  zone \"a.example\" { in-view \"lab\"; }; };\n"
             "view \"none\" { match-clients { 10.0.0.0/8; };\n  zone \"b.example\" { type forward; forward only; "
             "forwarders { "
             "10.1.1.2; }; }; };\n",
     .yaml = {"lab: {prefixes: [10.30.0.0/16]}",
              "- {zone: a.example, pool: a.example, clients: [lab], otherwise: next}"},
     .not_yaml = {"b.example"},
     .decide = {"4: in this view only", "5: shared with view lab", "0: no client that an earlier view"}},
    {.description = "lists of servers by name, in a circle",
     .text = kOnly + "remote-servers m { 10.1.1.5; n; };\nprimaries n { m; 10.1.1.6; };\n"
                     "zone b.example { type secondary; primaries { m; }; };\n",
     .yaml = {"- {zone: b.example, pool: b.example}", "b.example: {kind: recursive, endpoints: [10.1.1.5, 10.1.1.6]}"},
     .decide = {"3: without end", "4: with recursion desired"}},
    {.description = "keys over several lines",
     .text =
         kOnly + "trust-anchors { \".\" initial-key 257 3 8 \"AwEA\nAbcd==\"; };\nzone x.example { type forward; };\n",
     .yaml = {"- {zone: x.example, pool: corporate}"},
     .note = {"2: trust-anchors is not needed"}},
    {.description = "a quote too few",
     .text = kOnly + "zone \"x.example { type forward; };\n",
     .broken = "2: quotes are not closed"},
    {.description = "other classes, and the root zone",
     .text = kOnly + "view \"v\" chaos { zone \"version.bind\" { type primary; file \"v\"; }; };\nzone \"x\" CH { type "
                     "primary; file \"x\"; };\n"
                     "zone \".\" { type mirror; };\nzone \".\" { type primary; file \"root\"; };\n",
     .not_yaml = {"zones:", "groups"},
     .decide = {"5: the root zone of this server"},
     .note = {"2: of another class", "3: of another class", "4: copy of the root zone"}},
    {.description = "zone files in named's folder, and beside its configuration",
     .text = "options { directory \"var\"; forward only; forwarders { 192.168.10.2; }; };\n"
             "zone a.example { type primary; file \"db/a\"; };\nzone b.example { type primary; file \"b.zone\"; };\n",
     .beside = {{"b.zone", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n"},
                {"var/db/a", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n"}},
     .yaml = {"- {zone: a.example, zone_file: var/db/a}", "- {zone: b.example, zone_file: b.zone}"},
     .decide = {"2: from its file db/a", "3: from its file b.zone"}},
    {.description = "servers of a policy, 64, sorted",
     .text = "options { forward only; forwarders { 192.168.10.2; };\nresponse-policy { zone \"rpz\"; };\ndns64 "
             "64:ff9b::/96 { };\n"
             "sortlist { };\nblackhole { 10.66.0.0/16; }; };\n",
     .decide = {"2: policy zones are not read", "3: 'dns64' has no equivalent", "4: 'sortlist' has no equivalent",
                "5: 'blackhole'"}},
    {.description = "a template",
     .text = kOnly + "forwarders { {{ dns_servers }} };",
     .broken = "2: this is a template"},
    {.description = "a block that is not closed", .text = "options {\n forward only;\n", .broken = "1: not closed"},
    {.description = "a semicolon is missing", .text = "options { forward only }", .broken = "1: semicolon is missing"},
    {.description = "a wildcard as a zone",
     .text = kOnly + "zone \"*.a.example\" { type forward; forward only; forwarders { 10.1.1.1; }; };",
     .decide = {"2: wildcard"}},
};

TEST(ImportBind, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_bind, "named.conf", sample);
}

}  // namespace
}  // namespace penstock::imports
