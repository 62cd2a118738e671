#include <gtest/gtest.h>

#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kOffice = "newServer{address=\"192.168.10.2\"}\n";

const test::Sample kSamples[] = {
    {.description = "a pool of a VPC, all else to the office",
     .text = kOffice + "newServer{address=\"10.16.1.10:53\", pool=\"studio\"}\nnewServer({address=\"10.16.2.10\", "
                       "pool={\"studio\"}})\n"
                       "addAction(QNameSuffixRule(\"studio.us-east-1.sagemaker.aws.\"), PoolAction(\"studio\"))\n",
     .yaml = {"studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}"},
     .note = {"1: answers are remembered here"}},
    {.description = "a loop over a table",
     .text = kOffice + "local zones = {['a.example'] = '10.1.1.1', ['b.example'] = '10.1.1.2'}\n"
                       "local names = {}\nfor name in pairs(zones) do names[#names + 1] = name end\ntable.sort(names)\n"
                       "for _, name in ipairs(names) do\n  newServer{address=zones[name], pool=name}\n  "
                       "addAction({name}, PoolAction(name))\nend\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: b.example}",
              "b.example: {kind: recursive, endpoints: [10.1.1.2]}"}},
    {.description = "the first rule decides, not the longest suffix",
     .text = kOffice + "newServer{address='10.1.1.1', pool='p'}\nnewServer{address='10.1.1.2', pool='q'}\n"
                       "addAction('example', PoolAction('p'))\naddAction('a.example', PoolAction('q'))\n",
     .yaml = {"- {zone: example, pool: example}"},
     .not_yaml = {"a.example"},
     .decide = {"5: a.example is left out"}},
    {.description = "a rule for all ends the list",
     .text = "newServer{address='10.1.1.1', pool='p'}\naddAction(AllRule(), PoolAction('p'))\naddAction('a.example', "
             "PoolAction('p'))\n",
     .yaml = {"default: {pool: corporate}"},
     .decide = {"3: never reached"}},
    {.description = "sets of names, of networks, and both",
     .text = kOffice + "newServer{address='10.1.1.1', pool='p'}\nlocal smn = "
                       "newSuffixMatchNode()\nsmn:add('a.example')\nsmn:add({'b.example', newDNSName('c.example')})\n"
                       "local nmg = newNMG()\nnmg:addMask('10.20.0.0/16')\n"
                       "addAction(AndRule({SuffixMatchNodeRule(smn), NetmaskGroupRule(nmg)}), PoolAction('p'))\n",
     .yaml = {"clients-1: {prefixes: [10.20.0.0/16]}",
              "- {zone: a.example, pool: a.example, clients: [clients-1], otherwise: next}",
              "- {zone: c.example, pool: a.example, clients: [clients-1], otherwise: next}"}},
    {.description = "a rule for some clients before a longer name for all",
     .text = kOffice +
             "addAction(AndRule{makeRule('example'), makeRule('10.20.0.0/16')}, RCodeAction(DNSRCode.NXDOMAIN))\n"
             "addAction('a.example', RCodeAction(DNSRCode.REFUSED))\n",
     .yaml = {"- {zone: example, answer: nxdomain, clients: [clients-1], otherwise: next}",
              "- {zone: a.example, answer: nxdomain, clients: [clients-1], otherwise: next}",
              "- {zone: a.example, answer: refused}"}},
    {.description = "all names but some",
     .text = kOffice + "newServer{address='10.1.1.1', pool='p'}\naddAction(NotRule('a.example'), PoolAction('p'))\n"
                       "addAction('b.a.example', RCodeAction(DNSRCode.NXDOMAIN))\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.a.example, answer: nxdomain}",
              "default: {pool: corporate}", "corporate: {kind: recursive, endpoints: [10.1.1.1]}",
              "a.example: {kind: recursive, endpoints: [192.168.10.2]}"}},
    {.description = "a zone but for a part of it",
     .text = kOffice + "newServer{address='10.1.1.1', pool='p'}\naddAction(AndRule{QNameSuffixRule('a.example'), "
                       "NotRule(QNameSuffixRule{'out.a.example'})}, PoolAction('p'))\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: out.a.example, pool: corporate}"}},
    {.description = "clients but for some",
     .text = kOffice +
             "newServer{address='10.1.1.1', pool='p'}\nlocal g = newNMG()\ng:addMasks({'10.0.0.0/8', "
             "'!10.9.0.0/16'})\naddAction(AndRule{makeRule('a.example'), NetmaskGroupRule(g)}, PoolAction('p'))\n"
             "addAction(AndRule{makeRule('b.example'), NotRule(NetmaskGroupRule(g))}, DropAction())\n",
     .yaml = {"clients-1: {prefixes: [10.0.0.0/8]}", "clients-of-none: {prefixes: [10.9.0.0/16]}",
              "- {zone: a.example, pool: a.example, clients: [clients-1], otherwise: next}",
              "- {zone: b.example, pool: corporate, clients: [clients-1], otherwise: next}",
              "- {zone: b.example, answer: refused}"},
     .decide = {"6: no answer at all"}},
    {.description = "either of two, of which one is not known here",
     .text =
         kOffice + "addAction(OrRule{makeRule('a.example'), QTypeRule(DNSQType.ANY)}, RCodeAction(DNSRCode.REFUSED))\n",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .decide = {"2: (QTypeRule): left out where"}},
    {.description = "a pool that later rules may change",
     .text = kOffice + "newServer{address='10.1.1.1', pool='p'}\nnewServer{address='10.1.1.2', pool='q'}\n"
                       "addAction('example', PoolAction('p', false))\naddAction('a.example', PoolAction('q'))\n"
                       "addAction('b.example', AllowAction())\n",
     .yaml = {"- {zone: example, pool: example}", "- {zone: a.example, pool: a.example}"},
     .not_yaml = {"b.example"}},
    {.description = "clients that get no answer to any name, and such that have a default of their own",
     .text = kOffice +
             "newServer{address='10.1.1.1', pool='p'}\naddAction('10.66.0.0/16', RCodeAction(DNSRCode.REFUSED))\n"
             "addAction('10.77.0.0/16', PoolAction('p'))\n",
     .yaml = {"deny: [10.66.0.0/16]"},
     .decide = {"4: (clients-2) go elsewhere"}},
    {.description = "servers in the order that they say",
     .text = "setServerPolicy(firstAvailable)\nnewServer{address='192.168.10.3', "
             "order=2}\nnewServer{address='192.168.10.2', "
             "order=1, weight=5, useClientSubnet=true}\n",
     .yaml = {"corporate: {kind: recursive, policy: ordered, endpoints: [192.168.10.2, 192.168.10.3]}"},
     .decide = {"3: the weight 5", "3: 'ecs: add'"}},
    {.description = "answers of its own",
     .text = kOffice + "addAction('ads.example', RCodeAction(DNSRCode.NXDOMAIN))\naddAction(QNameRule('h.a.example'), "
                       "SpoofAction({'10.1.1.7', 'fd00::7'}))\n"
                       "addAction('d.example', DropAction())\naddAction('r.example', RCodeAction(DNSRCode.REFUSED))\n",
     .yaml = {"- {zone: ads.example, answer: nxdomain}", "- {name: h.a.example, answer: [10.1.1.7, \"fd00::7\"]}",
              "- {zone: d.example, answer: refused}", "- {zone: r.example, answer: refused}"},
     .decide = {"3: SpoofAction is for types", "4: no answer at all"}},
    {.description = "addACL adds to dnsdist's own list; names beside networks count for nothing",
     .text = kOffice + "addACL('198.51.100.0/24')\nnewServer{address='10.1.1.1', pool='p'}\n"
                       "addAction(AndRule{makeRule('a.example'), makeRule{'10.20.0.0/16', 'b.example'}}, "
                       "PoolAction('p'))\n",
     .yaml =
         {"allow: [\"::1/128\", 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, "
          "198.51.100.0/24, \"fc00::/7\", \"fe80::/10\"]",
          "clients-1: {prefixes: [10.20.0.0/16]}"},
     .not_yaml = {"b.example"},
     .decide = {"4: throws the names away: b.example"}},
    {.description = "rules by more than names and clients",
     .text = kOffice + "addAction(QTypeRule(DNSQType.ANY), TCAction())\naddAction(AndRule{MaxQPSRule(5), "
                       "makeRule('a.example')}, DropAction())\n"
                       "addAction('b.example', LuaAction(function(dq) return DNSAction.None, '' "
                       "end))\naddAction(AllRule(), LogAction('a', 'b'))\n",
     .yaml = {"default: {pool: corporate}"},
     .decide = {"2: (QTypeRule)", "3: (MaxQPSRule)", "4: 'LuaAction' has no equivalent"},
     .note = {"5: LogAction decides nothing"}},
    {.description = "ports, TLS, names as servers",
     .text = kOffice + "newServer{address='10.1.1.1:5353', pool='p'}\nnewServer{address='10.1.1.2', tls='openssl', "
                       "pool='p'}\nnewServer('dns.example')\n"
                       "addAction('a.example', PoolAction('p'))\n",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .decide = {"4: 'dns.example' is not an IP", "5: server 10.1.1.1#5353", "5: over TLS", "5: a.example is refused"}},
    {.description = "who may ask, where, and in which order",
     .text = "setLocal('192.168.10.86:53')\naddLocal('192.168.10.86:5300')\nsetACL({'10.0.0.0/8', "
             "'192.168.0.0/16'})\naddACL('fd00::/8')\n"
             "setServerPolicy(firstAvailable)\nnewServer('192.168.10.3')\nnewServer('192.168.10.2')\nsetVerbose(true)"
             "\ncontrolSocket('127.0.0.1')\naddTLSLocal('0.0.0.0')\n",
     .yaml = {"listen: [192.168.10.86]", "allow: [10.0.0.0/8, 192.168.0.0/16, \"fd00::/8\"]",
              "corporate: {kind: recursive, policy: ordered, endpoints: [192.168.10.3, 192.168.10.2]}"},
     .decide = {"2: listens on port 5300", "10: not served over TLS"}},
    {.description = "rules with methods, key stores, dynamic blocks, functions that run later",
     .text =
         kOffice +
         "local bad = TimedIPSetRule()\naddAction(bad:slice(), DropAction())\nlocal kvs = newCDBKVStore('x.cdb', 60)\n"
         "addAction(KeyValueStoreLookupRule(kvs, KeyValueLookupKeyQName(false)), DropAction())\n"
         "local d = dynBlockRulesGroup()\nd:setQueryRate(30, 10, 'too many', 60)\nfunction maintenance() d:apply() "
         "end\n",
     .yaml = {"default: {pool: corporate}"},
     .decide = {"3: (TimedIPSetRule)", "5: (KeyValueStoreLookupRule)", "6: dynamic blocks"}},
    {.description = "tags that one rule sets and another reads",
     .text = kOffice +
             "newServer{address='10.1.1.1', pool='p'}\naddAction({'a.example', 'b.example'}, SetTagAction('to', 'p'))\n"
             "addAction('x.b.example', SetTagAction('to', 'q'))\naddAction(TagRule('to', 'p'), PoolAction('p'))\n"
             "addAction(TagRule('never'), DropAction())\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "- {zone: b.example, pool: a.example}",
              "- {zone: x.b.example, pool: corporate}"},
     .decide = {"6: (TagRule): left out"}},
    {.description = "an empty pool",
     .text = kOffice + "addAction('a.example', PoolAction('gone'))\n",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .decide = {"2: has no servers"}},
    {.description = "own files",
     .text = kOffice + "dofile('more.lua')\nincludeDirectory('conf.d')\n",
     .beside = {{"more.lua", "newServer{address='10.1.1.1', pool='p'}\n"},
                {"conf.d/a.conf", "\naddAction('a.example', PoolAction('p'))\n"}},
     .yaml = {"- {zone: a.example, pool: a.example}"}},
    {.description = "no way out", .text = "os.execute('true')\n", .broken = "1: attempt to index a nil value"},
    {.description = "no modules", .text = "local x = require('io')\n", .broken = "1: attempt to call a nil value"},
    {.description = "no end", .text = "while true do end\n", .broken = "1: it runs too long"},
    {.description = "no end, and nothing holds it up",
     .text = "while true do pcall(function() while true do end end) end\n",
     .broken = "1: it runs too long"},
    {.description = "no finalizers",
     .text = "setmetatable({}, {__gc = function() end})\n",
     .broken = "1: __gc is not allowed"},
    {.description = "no memory left",
     .text = "local t = {}\nfor i = 1, 1000 do t[i] = string.rep('x', 1000000) .. i end\n",
     .broken = "0: not enough memory"},
    {.description = "no Lua", .text = "newServer{\n", .broken = "2: unexpected symbol"},
};

const std::string kHead =
    "binds:\n  - {listen_address: \"192.168.10.86:53\", protocol: Do53}\nbackends:\n"
    "  - {address: \"192.168.10.2:53\", protocol: Do53}\n"
    "  - {address: \"10.16.1.10\", protocol: Do53, pools: [studio]}\n";  // lines 1 to 5

const test::Sample kYamlSamples[] = {
    {.description = "a pool of a VPC",
     .text = kHead + "query_rules:\n  - name: to the VPC\n    selector: {type: QNameSuffix, suffixes: "
                     "[studio.us-east-1.sagemaker.aws.]}\n"
                     "    action: {type: Pool, pool_name: studio}\n",
     .yaml = {"listen: [192.168.10.86]",
              "studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}"}},
    {.description = "selectors and groups by name, in and out of each other",
     .text = kHead +
             "netmask_groups: [{name: lab, netmasks: [10.20.0.0/16]}]\nselectors:\n"
             "  - {name: ours, type: QNameSuffix, suffixes: [a.example]}\nquery_rules:\n  - selector:\n      type: "
             "And\n      selectors:\n"
             "        - {type: ByName, selector_name: ours}\n        - {type: NetmaskGroup, netmask_group_name: lab}\n"
             "        - {type: Not, selector: {type: QName, qname: x.a.example}}\n    action: {type: RCode, rcode: "
             "NXDOMAIN}\n",
     .yaml = {"clients-1: {prefixes: [10.20.0.0/16]}",
              "- {zone: a.example, answer: nxdomain, clients: [clients-1], otherwise: next}",
              "- {name: x.a.example, pool: corporate, clients: [clients-1], otherwise: next}"}},
    {.description = "answers of its own, order, tags, other types",
     .text =
         kHead +
         "query_rules:\n  - {selector: {type: QNameSet, qnames: [h.example]}, action: {type: Spoof, ips: [10.1.1.7]}}\n"
         "  - {selector: {type: All}, action: {type: Log, file_name: a}}\n"
         "  - {selector: {type: QType, qtype: ANY}, action: {type: Truncate}}\n"
         "  - {selector: {type: QNameSuffix, suffixes: [a.example]}, action: {type: Drop}}\n"
         "  - {selector: {type: QNameSuffix, suffixes: [b.a.example]}, action: {type: Pool, pool_name: studio}}\n"
         "  - {selector: {type: QNameSuffix, suffixes: [n.example]}, action: {type: NegativeAndSOA, nxd: true, zone: "
         "n.example}}\n"
         "  - {selector: {type: Or, selectors: [{type: QName, qname: m.example}]}, action: {type: Lua, function_name: "
         "f}}\n",
     .yaml = {"- {name: h.example, answer: [10.1.1.7]}", "- {zone: a.example, answer: refused}",
              "- {zone: n.example, answer: nxdomain}"},
     .not_yaml = {"b.a.example"},
     .decide = {"7: SpoofAction is for types", "9: (QType): left out", "10: no answer at all",
                "11: b.a.example is left out", "13: 'Lua' has no equivalent"},
     .note = {"8: Log decides nothing"}},
    {.description = "servers over TLS, listeners for it, caches and policies",
     .text = kHead + "  - {address: \"10.1.1.9:853\", protocol: DoT, pools: [t]}\nacl: [10.0.0.0/8]\npools:\n  - "
                     "{name: \"\", packet_cache: pc, policy: firstAvailable}\n"
                     "packet_caches: [{name: pc, size: 10}]\nresponse_rules: []\nwebserver: {listen_addresses: "
                     "[\"127.0.0.1:8083\"]}\n"
                     "query_rules:\n  - {selector: {type: QNameSuffix, suffixes: [t.example]}, action: {type: Pool, "
                     "pool_name: t}}\n",
     .yaml = {"allow: [10.0.0.0/8]", "- {zone: t.example, answer: refused}",
              "corporate: {kind: recursive, policy: ordered, endpoints: [192.168.10.2]}"},
     .decide = {"11: 'response_rules' has no equivalent", "14: over TLS", "14: t.example is refused"}},
    {.description = "a listener of another kind",
     .text = "binds: [{listen_address: \"0.0.0.0:853\", protocol: DoT}]\nbackends: [{address: 192.168.10.2, protocol: "
             "Do53}]\n",
     .beside = {{"dnsdist.lua", "function f() end"}},
     .yaml = {"default: {pool: corporate}"},
     .decide = {"1: not served over DoT"},
     .note = {"0: has functions only"}},
    {.description = "no YAML", .text = "binds: [\n", .broken = "2: "},
    {.description = "not dnsdist's", .text = "- a\n", .broken = "1: no configuration of dnsdist"},
};

TEST(ImportDnsdist, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_dnsdist, "dnsdist.conf", sample);
}

TEST(ImportDnsdist, ALineOfAFileWithALongName) {
  const test::Sample sample{
      .description = "long", .text = "\nlocal x = require('io')\n", .broken = "2: attempt to call a nil value"};
  test::check(read_dnsdist, "/srv/" + std::string(80, 'x') + "/dnsdist.conf", sample);
}

TEST(ImportDnsdist, Yaml) {
  for (const test::Sample& sample : kYamlSamples) test::check(read_dnsdist, "dnsdist.yml", sample);
}

}  // namespace
}  // namespace penstock::imports
