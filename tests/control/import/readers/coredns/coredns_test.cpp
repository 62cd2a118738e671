#include <gtest/gtest.h>

#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kOffice = ".:53 {\n  forward . 192.168.10.2\n  cache 30\n}\n";  // four lines

const test::Sample kSamples[] = {
    {.description = "a block for a VPC, all else to the office",
     .text = kOffice + "studio.us-east-1.sagemaker.aws {\n  forward . 10.16.1.10 10.16.2.10:53\n  errors\n}\n",
     .yaml = {"studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}"}},
    {.description = "several forwards in a block, the longest last: file order decides",
     .text = ". {\n  forward example 10.1.1.1\n  forward a.example 10.1.1.2\n  forward . 192.168.10.2\n}\n",
     .yaml = {"- {zone: example, pool: example}", "default: {pool: corporate}"},
     .not_yaml = {"a.example"},
     .decide = {"3: has no name that an earlier one"}},
    {.description = "several forwards in a block, the longest first",
     .text = ". {\n  forward a.example 10.1.1.2\n  forward example 10.1.1.1\n  forward . 192.168.10.2\n}\n",
     .yaml = {"- {zone: example, pool: example}", "- {zone: a.example, pool: a.example}",
              "default: {pool: corporate}"}},
    {.description = "a forward of all before the others",
     .text = ". {\n  forward . 192.168.10.2\n  forward a.example 10.1.1.2\n}\n",
     .yaml = {"default: {pool: corporate}"},
     .not_yaml = {"a.example"},
     .decide = {"3: has no name that an earlier one"}},
    {.description = "except: to the next forward, or to nobody",
     .text = ". {\n  forward example 10.1.1.1 {\n    except a.example\n  }\n  forward . 192.168.10.2 {\n    except "
             "b.test\n    policy sequential\n  }\n}\n",
     .yaml = {"- {zone: example, pool: example}", "- {zone: a.example, pool: corporate}",
              "- {zone: b.test, answer: refused}"},
     .note = {"1: no line of this block has b.test"}},
    {.description = "a block inside of what another block forwards",
     .text =
         kOffice +
         "example {\n  forward x.a.example 10.1.1.1\n  forward . 10.1.1.2\n}\na.example {\n  forward . 10.1.1.3\n}\n",
     .yaml = {"- {zone: example, pool: example}", "- {zone: a.example, pool: a.example}"},
     .not_yaml = {"x.a.example"},
     .decide = {"6: the block for a.example gets its names"}},
    {.description = "zones of a block, networks",
     .text = kOffice + "a.example b.example, 10.1.0.0/16 {\n  forward . 10.1.1.1\n}\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}",
              "- {zone: 1.10.in-addr.arpa, pool: a.example}"}},
    {.description = "an address as a zone is a name that nobody asks for",
     .text = kOffice + "10.1.1.53 {\n  forward . 10.1.1.1\n}\n",
     .yaml = {"- {zone: \"\\\\0490.1.1.53\", pool: 10.1.1.53}"}},
    {.description = "octets that hardly any name has",
     .text = kOffice + "a?b.example {\n  forward . 10.1.1.1\n}\n",
     .yaml = {"- {zone: \"a\\\\063b.example\", pool: a-b.example}"}},
    {.description = "ports and TLS, of servers and of listeners",
     .text = kOffice + "a.example {\n  forward . 10.1.1.1:5353 tls://10.1.1.2\n}\nb.example:5300 {\n forward . "
                       "10.1.1.1\n}\ntls://c.example {\n forward . 10.1.1.1\n}\n",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .not_yaml = {"b.example", "c.example"},
     .decide = {"6: server 10.1.1.1#5353", "6: over TLS", "6: a.example is refused", "8: listens on port 5300",
                "11: over tls"}},
    {.description = "snippets and imports",
     .text = "(up) {\n  forward . {args[0]}\n  log\n}\n.:53 {\n  import up 192.168.10.2\n}\nimport blocks/*.core\n",
     .beside = {{"blocks/a.core", "a.example {\n  import part\n}\n"}, {"blocks/part", "forward . 10.1.1.1\n"}},
     .yaml = {"- {zone: a.example, pool: a.example}", "default: {pool: corporate}"}},
    {.description = "hosts, with and without fallthrough",
     .text = kOffice +
             "a.example {\n  hosts {\n    10.1.1.7 h.a.example\n    fallthrough\n  }\n  forward . 10.1.1.1\n}\n"
             "b.example {\n  hosts b.hosts\n  forward . 10.1.1.1\n}\n",
     .beside = {{"b.hosts", "10.1.1.8 h.b.example\n"}},
     .yaml = {"- {name: h.a.example, records: [\"@ A 10.1.1.7\"]}", "- {zone: a.example, pool: a.example}",
              "- {name: h.b.example, records: [\"@ A 10.1.1.8\"]}", "- {zone: b.example, answer: refused}"},
     .decide = {"14: has no name that an earlier one"}},
    {.description = "templates",
     .text =
         kOffice +
         "ads.example {\n  template ANY ANY {\n    rcode NXDOMAIN\n  }\n}\na.example {\n  template IN A {\n    answer "
         "\"{{ .Name }} 60 IN A 10.1.1.7\"\n  }\n}\n"
         "b.example {\n  template IN A {\n    match (.*)\n    answer \"{{ .Name }} A 10.1.1.{{ .Group }}\"\n  }\n}\n",
     .yaml = {"- {zone: ads.example, answer: nxdomain}", "- {zone: a.example, answer: [10.1.1.7]}",
              "- {zone: b.example, answer: refused}"},
     .decide = {"11: for type A only", "16: a template that is more"}},
    {.description = "file, kubernetes, plugins without equivalent, resolv.conf",
     .text = ". {\n  bind 192.168.10.86\n  kubernetes cluster.local in-addr.arpa ip6.arpa\n  file a.zone a.example\n  "
             "rewrite name x y\n  forward . /etc/resolv.conf\n}\n",
     .beside = {{"a.zone", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n"},
                {"/etc/resolv.conf", "nameserver 192.168.10.2\n"}},
     .yaml = {"listen: [192.168.10.86]", "- {zone: cluster.local, answer: refused}",
              "- {zone: a.example, zone_file: a.zone}", "default: {pool: corporate}"},
     .decide = {"3: names of Kubernetes", "4: zone file a.zone", "5: plugin 'rewrite'"},
     .note = {"6: that /etc/resolv.conf has here"}},
    {.description = "acl: the first line decides, who is in none may ask",
     .text = ". {\n  acl {\n    block net 10.66.0.0/16\n    allow net 10.0.0.0/8\n    block\n  }\n  forward . "
             "192.168.10.2\n}\n",
     .yaml = {"allow: [10.0.0.0/8]", "deny: [10.66.0.0/16]"}},
    {.description = "the environment",
     .text = kOffice + "{$ZONE} {\n  forward . 10.1.1.1\n}\n",
     .decide = {"5: from the environment"}},
    {.description = "a block that is not closed", .text = ". {\n  forward . 10.1.1.1\n", .broken = "1: not closed"},
    {.description = "an import of nothing", .text = ". {\n  import gone\n}\n", .broken = "2: is no snippet"},
};

TEST(ImportCoredns, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_coredns, "Corefile", sample);
}

}  // namespace
}  // namespace penstock::imports
