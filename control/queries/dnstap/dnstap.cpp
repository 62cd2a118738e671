#include "control/queries/dnstap/dnstap.h"

#include <unistd.h>

#include <array>
#include <deque>

#include "control/queries/dnstap/frame_stream.h"
#include "control/queries/dnstap/messages.h"

namespace penstock::control {
namespace {

// Written and not taken by the kernel; queries behind that stay in the ring.
constexpr uint64_t kMostUnsent = 1 << 20;

class DnstapSink : public QuerySink {
 public:
  DnstapSink(const config::Dnstap& settings, const std::atomic<bool>& stop)
      : stream_(settings, stop), messages_(settings.identity.value_or(""), settings.version.value_or("")) {}

  bool take(const config::NotedDecision& noted, const QueryNames& names, uint64_t unix_ns) override {
    if (stream_.put_octets() - stream_.sent_octets() > kMostUnsent) return false;
    messages_.make(noted, names, unix_ns, write_);
    ends_.push_back(stream_.put_octets());
    return true;
  }
  void flush() override {
    stream_.flush();
    forget_sent();
  }
  void finish() override {
    stream_.finish();
    forget_sent();
  }
  uint64_t unsent() const override { return ends_.size(); }

 private:
  void forget_sent() {
    while (!ends_.empty() && ends_.front() <= stream_.sent_octets()) ends_.pop_front();
  }

  FrameStream stream_;
  DnstapMessages messages_;
  const DnstapMessages::Give write_ = [this](std::span<const uint8_t> frame) { stream_.write(frame); };
  std::deque<uint64_t> ends_;  // of each query, in octets of the stream
};

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

config::Dnstap settings_in(const config::Model& model) {
  config::Dnstap settings = model.dnstap;
  if (!settings.identity) settings.identity = model.dataplane.identity ? *model.dataplane.identity : host_name();
  if (!settings.version) settings.version = "penstock " PENSTOCK_VERSION;
  return settings;
}

}  // namespace

void Dnstap::use(const QueryNames& names) {
  const config::Dnstap settings = names.model ? settings_in(*names.model) : config::Dnstap{};
  if (!(settings == settings_)) {
    settings_ = settings;
    const auto open = [settings](const std::atomic<bool>& stop) {
      return std::make_unique<DnstapSink>(settings, stop);
    };
    outlet_ = settings.to.empty()
                  ? nullptr
                  : std::make_shared<const QueryOutlet>(QueryOutlet{"dnstap to " + settings.to, settings.choice, open});
  }
  feed_.use(names, outlet_);
}

}  // namespace penstock::control
