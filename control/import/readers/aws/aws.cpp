#include <algorithm>
#include <map>

#include "control/import/form/json_file.h"
#include "control/import/form/words.h"
#include "control/import/readers/aws/outbound.h"
#include "control/import/readers/aws/services.h"
#include "control/import/readers/readers.h"

namespace penstock::imports {
namespace {

using nlohmann::json;

class AwsReader {
 public:
  explicit AwsReader(Source& source) : source_(source) {}

  void read(const std::string& path, const std::string& text, uint32_t file) {
    const std::string plain = to_utf8(text);
    const auto document = parse_json(source_, plain, file);
    if (!document) return;
    JsonLines lines(plain, file);
    lines_ = &lines;
    path_ = path;
    if (!text_of(*document, "NextToken").empty())
      source_.decide(lines.of("NextToken"), "this is one page of several: export all of them, without --max-items");
    bool is_known = false;
    const auto each = [&](const char* key, void (AwsReader::*take)(const json&)) {
      const json& list = member(*document, key);
      is_known = is_known || list.is_array();
      if (list.is_array())
        for (const json& one : list) (this->*take)(one);
    };
    each("Stacks", &AwsReader::take_stack);
    each("ResolverEndpoints", &AwsReader::take_endpoint);
    each("IpAddresses", &AwsReader::take_address);
    each("Domains", &AwsReader::take_domain);
    each("VpcEndpoints", &AwsReader::take_vpc_endpoint);
    each("Vpcs", &AwsReader::take_vpc);
    each("HostedZones", &AwsReader::take_hosted_zone);
    each("ResolverRules", &AwsReader::take_rule);
    if (!is_known)
      source_.decide({file, 1},
                     "none of the lists that are read: Stacks, ResolverEndpoints, IpAddresses, Domains, VpcEndpoints, "
                     "Vpcs, HostedZones, ResolverRules");
    lines_ = nullptr;
  }

  void finish() {
    for (const auto& [path, found] : addresses_) add_addresses(path, found);
    if (regions_.empty())
      source_.decide(
          {}, "no region is in these files: add 'aws sagemaker list-domains' or 'aws cloudformation describe-stacks'");
    for (auto& [region, one] : regions_) {
      if (one.services.empty()) one.services = {"studio"};
      if (one.expect.empty()) drop_services_without_expect(one);
      if (one.endpoints.empty())
        source_.decide(one.where, "no address of an inbound endpoint in " + region +
                                      ": add 'aws route53resolver list-resolver-endpoint-ip-addresses'. Left out");
      else
        source_.studio.push_back(one);
    }
    rules_.check(source_);
    if (source_.other.kind != Kind::servers)
      source_.decide(
          source_.other_where,
          "where all other names go is not in these files: write 'default: {pool: NAME}' with the company's resolvers");
  }

 private:
  Studio& of(const std::string& region, Where where) {
    const auto [it, is_new] = regions_.try_emplace(region);
    if (is_new) it->second.region = region;
    if (is_new) it->second.where = where;
    return it->second;
  }

  std::vector<Server> servers_of(const std::string& list, Where where) {
    std::vector<Server> servers;
    for (const std::string_view one : split(list, ", "))
      if (const auto address = config::parse_address(one))
        servers.push_back({*address});
      else
        source_.decide(where, "'" + std::string(one) + "' is not an IP address: left out");
    return servers;
  }

  // Outputs of our own stacks (deploy/aws), by keys that begin with Penstock. Those of several stacks belong together by their region.
  void take_stack(const json& stack) {
    std::map<std::string, std::string> outputs;
    for (const json& output : member(stack, "Outputs"))
      if (const std::string key = text_of(output, "OutputKey"); key.starts_with("Penstock"))
        outputs[key] = text_of(output, "OutputValue");
    if (outputs.empty()) return;
    const auto where = [&](const char* key) { return lines_->of(key); };
    if (outputs.contains("PenstockListen"))
      for (const Server& server : servers_of(outputs["PenstockListen"], where("PenstockListen")))
        source_.listen.push_back(server.address);
    if (outputs.contains("PenstockDefault")) {
      source_.other = {.kind = Kind::servers,
                       .servers = servers_of(outputs["PenstockDefault"], where("PenstockDefault"))};
      source_.other_where = where("PenstockDefault");
    }
    const std::string region = outputs["PenstockRegion"];
    if (region.empty()) return;
    if (region_in(region).empty())
      return source_.decide(where("PenstockRegion"), "'" + region + "' is no region: left out");
    Studio& one = of(region, where("PenstockRegion"));
    const auto more = servers_of(outputs["PenstockEndpoints"], where("PenstockEndpoints"));
    one.endpoints.insert(one.endpoints.end(), more.begin(), more.end());
    for (const std::string_view service : split(outputs["PenstockServices"], ", "))
      add_service(one, std::string(service));
    for (const std::string_view domain : split(outputs["PenstockDomains"], ", ")) one.domains.emplace_back(domain);
    for (const std::string_view network : split(outputs["PenstockExpect"], ", ")) {
      const auto prefix = parse_network(network);
      if (prefix) one.expect.push_back(*prefix);
      if (!prefix) source_.decide(where("PenstockExpect"), "'" + std::string(network) + "' is no network: left out");
    }
  }

  static void add_service(Studio& one, const std::string& word) {
    if (std::find(one.services.begin(), one.services.end(), word) == one.services.end()) one.services.push_back(word);
  }

  void take_endpoint(const json& endpoint) {
    const std::string id = text_of(endpoint, "Id");
    const std::string region = region_in(text_of(endpoint, "Arn"));
    if (text_of(endpoint, "Direction") != "INBOUND") return;
    inbound_[id] = region;
    if (!region.empty()) of(region, lines_->of(id));
  }

  void take_address(const json& address) {
    const std::string ip = text_of(address, "Ip");
    const std::string ipv6 = text_of(address, "Ipv6");
    const Where where = lines_->of(ip.empty() ? ipv6 : ip);
    if (const std::string status = text_of(address, "Status"); status != "ATTACHED")
      return source_.decide(where, ip + ipv6 + " is " + status + ", not ATTACHED: left out");
    for (const std::string& one : {ip, ipv6})
      if (!one.empty()) addresses_[path_].first.push_back(one);
    addresses_[path_].second = where;
  }

  // A list of addresses names no endpoint: it is the only inbound one's, or that of the file's name.
  void add_addresses(const std::string& path, const std::pair<std::vector<std::string>, Where>& found) {
    std::string region;
    for (const auto& [id, of_endpoint] : inbound_)
      if (inbound_.size() == 1 || path.find(id) != std::string::npos) region = of_endpoint;
    if (inbound_.empty() && regions_.size() == 1) region = regions_.begin()->first;
    if (region.empty())
      return source_.decide(found.second,
                            "these addresses do not say whose they are: add 'aws route53resolver "
                            "list-resolver-endpoints', and name the file "
                            "after the id of its endpoint where there are several. Left out");
    if (inbound_.empty())
      source_.decide(
          found.second,
          "these may be addresses of an outbound endpoint: add 'aws route53resolver list-resolver-endpoints'");
    for (const std::string& text : found.first)
      if (const auto address = config::parse_address(text)) of(region, found.second).endpoints.push_back({*address});
  }

  void take_domain(const json& domain) {
    const std::string id = text_of(domain, "DomainId");
    std::string region = region_in(text_of(domain, "Url"));
    if (region.empty()) region = region_in(text_of(domain, "DomainArn"));
    if (region.empty())
      return source_.decide(lines_->of(id), "the domain " + id + " has no URL with a region: left out");
    of(region, lines_->of(id)).domains.push_back(id);
  }

  void take_vpc_endpoint(const json& endpoint) {
    const std::string name = text_of(endpoint, "ServiceName");
    const std::string region = region_in(name);
    const std::string word = region.empty() ? std::string() : service_word(name, region);
    if (word.empty()) return;
    const Where where = lines_->of(name);
    if (lower(text_of(endpoint, "State")) != "available")
      return source_.decide(
          where, "the endpoint of " + name + " is " + text_of(endpoint, "State") + ": its service is left out");
    if (text_of(endpoint, "PrivateDnsEnabled") == "false")
      source_.decide(where,
                     "the endpoint of " + name + " has no private DNS: a private hosted zone has to have its names");
    add_service(of(region, where), word);
  }

  void take_vpc(const json& vpc) {
    vpcs_.emplace_back(text_of(vpc, "CidrBlock"), lines_->of(text_of(vpc, "CidrBlock")));
    for (const json& more : member(vpc, "CidrBlockAssociationSet")) {
      const std::string block = text_of(more, "CidrBlock");
      if (block != text_of(vpc, "CidrBlock")) vpcs_.emplace_back(block, lines_->of(block));
    }
  }

  void take_hosted_zone(const json& zone) {
    const std::string name = text_of(zone, "Name");
    if (text_of(member(zone, "Config"), "PrivateZone") == "true")
      source_.decide(lines_->of(name), "private hosted zone " + name +
                                           ": write it under 'zones:' if its VPC is that of the inbound endpoint");
  }

  void take_rule(const json& rule) { rules_.take(rule, *lines_); }

  void drop_services_without_expect(Studio& one) {
    for (const auto& [block, where] : vpcs_)
      if (const auto prefix = parse_network(block)) one.expect.push_back(*prefix);
    if (one.expect.size() > 1)
      source_.decide(one.where,
                     "'expect:' has the networks of all VPCs in the files: keep that of the inbound endpoint's");
    if (!one.expect.empty()) return;
    for (const char* word : {"api", "runtime"})
      if (std::erase(one.services, word) != 0)
        source_.decide(one.where,
                       std::string("the service ") + word +
                           " needs the VPC's network, 'expect: [NETWORK]': add 'aws ec2 describe-vpcs'. Left out");
    if (one.services.empty()) one.services = {"studio"};
  }

  Source& source_;
  JsonLines* lines_ = nullptr;
  std::string path_;
  std::map<std::string, Studio> regions_;
  std::map<std::string, std::string> inbound_;                                   // region of each endpoint's id
  std::map<std::string, std::pair<std::vector<std::string>, Where>> addresses_;  // by file
  std::vector<std::pair<std::string, Where>> vpcs_;
  OutboundRules rules_;
};

}  // namespace

Source read_aws(const Paths& paths, const Files& files) {
  Source source;
  AwsReader reader(source);
  for (const std::string& path : paths) {
    const uint32_t file = source.add_file(path);
    if (const auto text = take_file(source, files, path, {file, 0}); text && !source.is_broken())
      reader.read(path, *text, file);
  }
  if (!source.is_broken()) reader.finish();
  return source;
}

}  // namespace penstock::imports
