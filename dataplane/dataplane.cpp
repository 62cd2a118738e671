#include "dataplane/dataplane.h"

#include <systemd/sd-daemon.h>

#include "dataplane/assembly/assembly.h"

namespace penstock {

tl::expected<std::unique_ptr<Dataplane>, std::string> Dataplane::start(const config::Model& model) {
  std::unique_ptr<Dataplane> dataplane(new Dataplane(model));
  if (auto assembled = dataplane->assemble(); !assembled) return tl::make_unexpected(assembled.error());
  return dataplane;
}

tl::expected<void, std::string> Dataplane::assemble() {
  for (const auto step : {assembly::open_ports, assembly::describe_host, assembly::make_pages})
    if (auto done = step(parts_); !done) return done;
  assembly::make_workers(parts_);
  assembly::open_slow_lane(parts_);
  housekeeping_.emplace(parts_);
  ResponseFilter& filter = housekeeping_->response_filter();
  if (auto loaded = assembly::load_last_good(parts_, filter); !loaded) return loaded;
  if (auto opened = assembly::open_link(parts_, filter, housekeeping_->capture()); !opened) return opened;
  housekeeping_->watch();
  assembly::launch(parts_);
  return {};
}

void Dataplane::run(int signals) {
  housekeeping_->run(signals);
  sd_notify(0, "STOPPING=1");
  housekeeping_->finish(signals);
}

Dataplane::~Dataplane() {
  assembly::take_apart(parts_);
}

}  // namespace penstock
