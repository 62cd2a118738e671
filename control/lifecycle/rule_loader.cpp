#include "control/lifecycle/rule_loader.h"

#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <set>

#include "config/files/last_good_config.h"
#include "control/history/kept_rules.h"
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

void RuleLoader::post_read(std::function<config::ReadModel()> read, std::shared_ptr<const config::Model> before,
                           std::function<void(ReadRules)> done) {
  post([this, read = std::move(read), before = std::move(before), done = std::move(done)]() mutable {
    constexpr size_t kNamed = 3;  // in the line
    auto rules = std::make_shared<ReadRules>();
    config::ReadModel found = read();
    rules->findings = std::move(found.findings);
    if (found.model) rules->configuration = configuration_of(std::move(found));
    if (const auto& model = rules->configuration.model; model && before) {
      rules->removals = find_removals(*before, *model);
      rules->changes = find_changes(*before, *model, kNamed).line();
    }
    asio::post(io_, [rules, done = std::move(done)] { done(std::move(*rules)); });
  });
}

void RuleLoader::read(std::string path, std::shared_ptr<const config::Model> before,
                      std::function<void(ReadRules)> done) {
  post_read([path = std::move(path)] { return read_rules(path); }, std::move(before), std::move(done));
}

void RuleLoader::read_kept(std::string state_dir, std::string hash, std::shared_ptr<const config::Model> before,
                           std::function<void(ReadRules)> done) {
  post_read(
      [state_dir = std::move(state_dir), hash = std::move(hash)] {
        const auto files = kept_rules(state_dir, hash);
        if (files) return read_rules_of(*files);
        config::ReadModel missing;
        missing.findings.push_back({config::Severity::error, "rules that are kept", 0, "", files.error()});
        return missing;
      },
      std::move(before), std::move(done));
}

void RuleLoader::read_files(std::string state_dir, std::string hash, std::function<void(Files)> done) {
  post([this, state_dir = std::move(state_dir), hash = std::move(hash), done = std::move(done)]() mutable {
    auto files = std::make_shared<Files>(kept_rules(state_dir, hash));
    asio::post(io_, [files, done = std::move(done)] { done(std::move(*files)); });
  });
}

void RuleLoader::look_at(std::string path, Configuration before, StartedWith started,
                         std::function<void(Preview, std::string hash)> done) {
  post([this, path = std::move(path), before = std::move(before), started = std::move(started),
        done = std::move(done)]() mutable {
    const config::ReadModel read = read_rules(path);
    auto found = std::make_shared<Preview>(
        preview(path, read, {*before.model, *before.files, std::move(started)}, false, kChangesShown));
    asio::post(io_,
               [found, hash = content_hash(read.files), done = std::move(done)] { done(std::move(*found), hash); });
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

void RuleLoader::keep_history(std::string state_dir, History history, std::optional<Configuration> taken) {
  asio::post(keeper_, [state_dir = std::move(state_dir), history = std::move(history), taken = std::move(taken)] {
    const auto warn = [](const std::string& why) {
      spdlog::warn("rules: cannot save the history: {}; rules rollback will not find these rules", why);
    };
    if (taken)
      if (const auto kept = keep_rules(state_dir, taken->hash, *taken->files); !kept) return warn(kept.error());
    if (const auto written = write_history(state_dir, history); !written) return warn(written.error());
    remove_forgotten(state_dir, history);
  });
}

}  // namespace penstock::control
