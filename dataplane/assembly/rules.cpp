// dataplane/assembly/rules.cpp - where rules come from: the last good image, and control over its link.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "config/contract/image.h"
#include "dataplane/assembly/assembly.h"
#include "dataplane/clocks.h"
#include "dataplane/inquiry/browse.h"
#include "dataplane/last_good.h"

namespace penstock::assembly {
namespace {

config::Hello hello_of(const Parts& parts) {
  config::Hello hello;
  hello.image_version = config::kImageVersion;
  hello.lcores = static_cast<uint32_t>(parts.eal.polling_lcores.size());
  hello.pid = static_cast<uint64_t>(getpid());
  hello.ports = parts.host->port_count;
  for (size_t i = 0; i < parts.ports->all().size(); ++i) {
    const net::OpenPort& port = parts.ports->all()[i];
    config::PortInfo& info = hello.port[i];
    port.name.copy(info.name.data(), info.name.size() - 1);
    port.interface.copy(info.interface.data(), info.interface.size() - 1);
    info.mac = port.mac;
    info.kind = static_cast<uint8_t>(port.kind);
  }
  return hello;
}

}  // namespace

Step load_last_good(Parts& parts, ResponseFilter& filter) {
  const std::string& folder = parts.model.dataplane.state_dir;
  const std::string path = last_good_path(folder);
  if (access(path.c_str(), F_OK) != 0) {
    spdlog::info("no rules yet: nothing is answered or forwarded until control publishes some");
    return filter.allow({});
  }
  auto loaded = LoadedRules::from_file(path);
  if (!loaded) {
    spdlog::error("{} is unusable, nothing is answered until control publishes rules: {}", path, loaded.error());
    return filter.allow({});
  }
  if (auto allowed = filter.allow(endpoint_addresses((*loaded)->ruleset())); !allowed) return allowed;
  if (auto hops = load_endpoints(folder, parts.pages->endpoints()); !hops)
    spdlog::warn("no next hops until control sets them, queries get SERVFAIL: {}", hops.error());
  parts.publisher->publish(std::move(*loaded));
  const config::ImageHeader& header = parts.publisher->loaded()->ruleset().header();
  spdlog::info("last good rules in force, generation {}: {} zones", header.generation, header.zone_count);
  return {};
}

Step open_link(Parts& parts, ResponseFilter& filter, CaptureKeeper& capture) {
  auto link = ControlLink::listen(
      parts.model.dataplane.socket, hello_of(parts), *parts.publisher, *parts.pages, parts.model.dataplane.state_dir,
      [&filter](auto endpoints) { return filter.allow(endpoints); },
      {.flush = [&answers = *parts.answers](auto scope, auto name) { return answers.flush(scope, name); },
       .browse =
           [&parts](const config::Browse& request) {
             return inquiry::browse(request, *parts.answers,
                                    {parts.publisher->current(), *parts.returns, lcore_clock_ns()});
           }},
      CaptureSteps{.begin = [&capture](const auto& request) { return capture.begin(request); },
                   .end = [&capture](const auto& reason) { capture.end(reason); }});
  if (!link) return tl::make_unexpected(link.error());
  parts.link = std::make_unique<ControlLink>(std::move(*link));
  return {};
}

}  // namespace penstock::assembly
