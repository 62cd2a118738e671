#include <gtest/gtest.h>

#include <ctime>

#include "config/read/read_model.h"
#include "control/import/write/yaml_writer.h"
#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kOffice = "no-resolv\nno-hosts\nserver=192.168.10.2\n";  // three lines

const test::Sample kSamples[] = {
    {.description = "a zone of a VPC by two lines, all else to the office",
     .text =
         kOffice +
         "server=/studio.us-east-1.sagemaker.aws/10.16.1.10\nserver=/studio.us-east-1.sagemaker.aws/10.16.2.10#53\n",
     .yaml = {"studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}"}},
    {.description = "several domains in a line, a dot before, comments",
     .text = kOffice + "server=/a.example/.b.example/10.1.1.1  # both\n#server=/c.example/10.1.1.1\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}"},
     .not_yaml = {"c.example"}},
    {.description = "ports, interfaces, servers of the same host, names as servers",
     .text = kOffice + "server=/a.example/10.1.1.1#5353\nserver=/consul/127.0.0.1#8600\nserver=/b.example/"
                       "10.1.1.2@eth1\nserver=/d.example/ns.d.example\n",
     .yaml = {"- {zone: a.example, answer: refused}", "- {zone: consul, answer: refused}",
              "- {zone: b.example, pool: b.example}"},
     .decide = {"4: server 10.1.1.1#5353", "4: a.example is refused", "5: server 127.0.0.1#8600",
                "5: consul is refused", "6: '@eth1'", "7: 'ns.d.example' is not an IP", "7: d.example is refused"}},
    {.description = "local only, as default, wildcards",
     .text = kOffice + "local=/lan/\nserver=/up.lan/#\nserver=/*.w.example/10.1.1.1\nserver=/*end.example/"
                       "10.1.1.1\nserver=//10.1.1.1\n",
     .yaml = {"- {zone: lan, answer: nxdomain}", "- {zone: up.lan, pool: corporate}",
              "- {zone: \"*.w.example\", pool: w.example}", "- {zone: end.example, pool: w.example}"},
     .decide = {"7: also means names that only end alike", "8: names without a dot"}},
    {.description = "addresses cover what is below",
     .text =
         kOffice +
         "address=/a.example/10.1.1.7\naddress=/a.example/fd00::7\naddress=/ads.example/#\naddress=/none.example/\n",
     .yaml = {"- {zone: a.example, answer: [10.1.1.7, \"fd00::7\"]}",
              "- {zone: ads.example, answer: [0.0.0.0, \"::\"]}", "- {zone: none.example, answer: nxdomain}"},
     .decide = {"4: names of a.example and 1 more on to servers"}},
    {.description = "an address goes before a server",
     .text = kOffice + "server=/a.example/10.1.1.1\naddress=/a.example/10.1.1.7\n",
     .yaml = {"- {zone: a.example, answer: [10.1.1.7]}"},
     .decide = {"4: address= is for types A and AAAA", "5: is on dnsmasq.conf:4 too"}},
    {.description =
         "of several kinds for a name '#' counts, then servers, and last local; with local= an address is all there is",
     .text = kOffice +
             "local=/s.example/\nserver=/s.example/10.1.1.1\nserver=/d.example/#\nserver=/d.example/10.1.1.1\n"
             "address=/a.example/10.1.1.7\nlocal=/a.example/\n",
     .yaml = {"- {zone: s.example, pool: s.example}", "- {zone: d.example, pool: corporate}",
              "- {zone: a.example, answer: [10.1.1.7]}"},
     .decide = {"7: is on dnsmasq.conf:6 too"},
     .note = {"5: is on dnsmasq.conf:4 too", "9: is on dnsmasq.conf:8 too"}},
    {.description = "a name, and those below it by a wildcard",
     .text = kOffice + "server=/a.example/10.1.1.1\nserver=/*.a.example/10.1.1.2\n",
     .yaml = {"- {name: a.example, pool: a.example}", "- {zone: \"*.a.example\", pool: a.example-2}"}},
    {.description = "reverse zones",
     .text = kOffice + "rev-server=10.1.0.0/16,10.1.1.1\nserver=/168.192.in-addr.arpa/10.1.1.1\nbogus-priv\n",
     .yaml = {"- {zone: 1.10.in-addr.arpa, pool: 1.10.in-addr.arpa}",
              "- {zone: 168.192.in-addr.arpa, pool: 1.10.in-addr.arpa}", "empty_zones: on"}},
    {.description = "bogus-priv answers where '#' leads back",
     .text = kOffice + "bogus-priv\nserver=/1.10.in-addr.arpa/#\nserver=/65.100.in-addr.arpa/#\n",
     .yaml = {"- {zone: 1.10.in-addr.arpa, answer: nxdomain}", "- {zone: 65.100.in-addr.arpa, pool: corporate}"},
     .note = {"5: by bogus-priv all the same"}},
    {.description = "records",
     .text = kOffice +
             "host-record=h.a.example,h,10.1.1.7\ncname=c.a.example,h.a.example\ntxt-record=a.example,\"x, y\"\n"
             "srv-host=_ldap._tcp.a.example,h.a.example,389,10\nmx-host=a.example,h.a.example,20\nptr-record=p.a."
             "example,h.a.example\n",
     .yaml = {"- {name: h.a.example, records: [\"@ A 10.1.1.7\"]}",
              "- {name: 7.1.1.10.in-addr.arpa, records: [\"@ PTR h.a.example.\"]}",
              "- {name: c.a.example, records: [\"@ CNAME h.a.example.\"]}",
              "- {name: a.example, records: [\"@ TXT \\\"x, y\\\"\", \"@ MX 20 h.a.example.\"]}",
              "- {name: _ldap._tcp.a.example, records: [\"@ SRV 10 0 389 h.a.example.\"]}",
              "- {name: p.a.example, records: [\"@ PTR h.a.example.\"]}"}},
    {.description = "hosts, with a domain",
     .text = kOffice + "addn-hosts=more.hosts\nexpand-hosts\ndomain=a.example\n",
     .beside = {{"more.hosts", "10.1.1.7 h  # one\n127.0.0.1 localhost\nbad line\n"}},
     .yaml = {"- {name: h.a.example, records: [\"@ A 10.1.1.7\"]}", "- {name: h, records: [\"@ A 10.1.1.7\"]}",
              "- {name: 7.1.1.10.in-addr.arpa, records: [\"@ PTR h.a.example.\"]}"},
     .decide = {"3: does not start with an address"}},
    {.description = "further files",
     .text = kOffice + "conf-file=a.conf\nconf-dir=conf.d,*.conf\nservers-file=servers\n",
     .beside = {{"a.conf", "server=/a.example/10.1.1.1\n"},
                {"conf.d/b.conf", "server=/b.example/10.1.1.1\n"},
                {"conf.d/b.conf.bak", "server=/x.example/10.1.1.1\n"},
                {"servers", "server=/c.example/10.1.1.1\n"}},
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}",
              "- {zone: c.example, pool: a.example}"},
     .not_yaml = {"x.example"}},
    {.description = "servers of resolv.conf, in order",
     .text = "no-hosts\nresolv-file=upstream\nstrict-order\n",
     .beside = {{"upstream", "search a.example\nnameserver 192.168.10.3\nnameserver 192.168.10.2\n"}},
     .yaml = {"corporate: {kind: recursive, policy: ordered, endpoints: [192.168.10.3, 192.168.10.2]}",
              "default: {pool: corporate}"}},
    {.description = "resolv.conf and hosts of that host, which are not at hand",
     .text = "server=192.168.10.2\n",
     .yaml = {"default: {pool: corporate}"},
     .decide = {"0: /etc/hosts", "0: /etc/resolv.conf"}},
    {.description = "what is not carried over",
     .text = kOffice + "domain-needed\nstop-dns-rebind\ndhcp-range=10.1.1.50,10.1.1.60\ndhcp-option=3,10.1.1.1\nbogus-"
                       "nxdomain=203.0.113.1\nport=5353\nall-servers\n"
                       "cache-size=1000\nlisten-address=127.0.0.1,192.168.10.86\n",
     .yaml = {"listen: [192.168.10.86]"},
     .decide = {"4: domain-needed", "5: stop-dns-rebind", "6: dhcp-range", "8: bogus-nxdomain",
                "9: listens on port 5353"},
     .note = {"10: all-servers"}},
    {.description = "a template", .text = "server={{ upstream }}\n", .broken = "1: this is a template"},
    {.description = "a file that includes itself",
     .text = "conf-file=dnsmasq.conf\n",
     .broken = "1: include each other"},
};

TEST(ImportDnsmasq, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_dnsmasq, "dnsmasq.conf", sample);
}

TEST(ImportDnsmasq, ManyLinesInASecond) {
  std::string text = kOffice;
  for (int i = 0; i < 110'000; ++i)
    text += "server=/host-" + std::to_string(i) + ".example.com/10.1.1." + std::to_string(1 + i % 4) + "\n";
  const std::clock_t start = std::clock();  // of the processor: the machine may be busy
  const Written written = write_yaml(read_dnsmasq({"dnsmasq.conf"}, test::memory_files({{"dnsmasq.conf", text}})));
  const double passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%.2f s\n", passed);
  EXPECT_LT(passed, 5);
  const auto read = config::read_model_text(written.yaml, "import.yaml");
  ASSERT_TRUE(read.model);
  EXPECT_EQ(read.model->pools.size(), 5U);
  EXPECT_GE(read.model->zones.entries.size(), 110'000U);
}

}  // namespace
}  // namespace penstock::imports
