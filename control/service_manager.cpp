#include "control/service_manager.h"

#include <systemd/sd-daemon.h>

#include <chrono>

namespace penstock::control {

void notify_starting(const std::string& what) {
  sd_notify(0, ("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=" + what).c_str());
}

void notify_status(const std::string& line) {
  sd_notify(0, ("STATUS=" + line).c_str());
}

void notify_ready(const std::string& line) {
  sd_notify(0, ("READY=1\nSTATUS=" + line).c_str());
}

void notify_reloading() {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now)).c_str());
}

void notify_stopping() {
  sd_notify(0, "STOPPING=1");
}

void notify_watchdog() {
  sd_notify(0, "WATCHDOG=1");
}

}  // namespace penstock::control
