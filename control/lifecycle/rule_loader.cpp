#include "control/lifecycle/rule_loader.h"

#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <set>

#include "config/files/last_good_config.h"
#include "control/rules/compile.h"
#include "control/rules/removal_guard.h"
#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

RuleLoader::Compiled build(std::shared_ptr<const config::Model> model, uint64_t generation, EndpointSlots::Map slots) {
  auto rules = std::make_shared<RuleSet>();
  rules->built_at = std::chrono::system_clock::now();
  const auto slot_of = [&](const config::Pool& pool, const config::Endpoint& endpoint) {
    return slots.at({pool.name, endpoint.address});
  };
  auto compiled = compile(*model, generation, slot_of);
  if (!compiled) return tl::make_unexpected(compiled.error());
  auto sealed = seal_in_memfd(compiled->image);
  if (!sealed) return tl::make_unexpected(sealed.error());
  rules->image = std::move(*sealed);
  rules->size = compiled->image.size();
  rules->generation = generation;
  rules->checksum = compiled->checksum;
  rules->loop_token = compiled->loop_token;
  rules->zones = compiled->zones;
  rules->model = std::move(model);
  rules->slots = std::move(slots);
  return rules;
}

}  // namespace

std::vector<EndpointId> endpoints_of(const config::Model& model) {
  std::set<EndpointId> ids;
  for (const config::Pool& pool : model.pools)
    for (const config::Endpoint& endpoint : pool.endpoints) ids.insert({pool.name, endpoint.address});
  return {ids.begin(), ids.end()};
}

RuleLoader::~RuleLoader() {
  worker_.stop();
  worker_.join();
  keeper_.join();
}

void RuleLoader::post(std::function<void()> job) {
  ++jobs_;
  asio::post(worker_, [this, job = std::move(job)] {
    job();
    --jobs_;
  });
}

void RuleLoader::read(std::string path, std::shared_ptr<const config::Model> before,
                      std::function<void(ReadRules)> done) {
  post([this, path = std::move(path), before = std::move(before), done = std::move(done)]() mutable {
    auto read = std::make_shared<ReadRules>();
    auto found = read_rules(path);
    read->findings = std::move(found.findings);
    read->files = std::make_shared<const std::vector<config::SourceFile>>(std::move(found.files));
    if (found.model) read->model = std::make_shared<const config::Model>(std::move(*found.model));
    if (read->model && before) read->removals = find_removals(*before, *read->model);
    asio::post(io_, [read, done = std::move(done)] { done(std::move(*read)); });
  });
}

void RuleLoader::compile(std::shared_ptr<const config::Model> model, uint64_t generation, EndpointSlots::Map slots,
                         std::function<void(Compiled)> done) {
  post([this, model = std::move(model), generation, slots = std::move(slots), done = std::move(done)]() mutable {
    auto compiled = std::make_shared<Compiled>(build(std::move(model), generation, std::move(slots)));
    asio::post(io_, [compiled, done = std::move(done)] { done(std::move(*compiled)); });
  });
}

void RuleLoader::keep(Configuration kept) {
  asio::post(keeper_, [kept = std::move(kept)] {
    // In this order: a copy that is older than what was accepted is not used.
    if (const auto written =
            config::save_last_good_config(kept.model->dataplane.state_dir, config::kLastGoodRules, *kept.files);
        !written)
      spdlog::warn(
          "rules: cannot save the last good copy of the configuration: {}; a start with a refused file will have no "
          "rules",
          written.error());
    if (const auto written = write_accepted_zones(accepted_zones_path(*kept.model), accepted_zones(*kept.model));
        !written)
      spdlog::warn(
          "rules: cannot save the private names in force: {}; a restart will not notice their removal from the "
          "configuration",
          written.error());
  });
}

}  // namespace penstock::control
