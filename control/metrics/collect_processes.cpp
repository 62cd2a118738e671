#include <string>
#include <string_view>

#include "control/metrics/collect_parts.h"

namespace penstock::control {
namespace {

// "0.1.0 (1234567890ab)", as cmake/version.cmake makes it.
void add_build(MetricList& list, const char* process, std::string_view version) {
  const size_t at = version.find(" (");
  std::string_view commit = at == std::string_view::npos ? "" : version.substr(at + 2);
  if (commit.ends_with(')')) commit.remove_suffix(1);
  list.add("penstock_build_info",
           {{"process", process}, {"version", std::string(version.substr(0, at))}, {"commit", std::string(commit)}}, 1);
}

void add_use(MetricList& list, const char* process, const config::ProcessUse& use) {
  list.add("penstock_process_cpu_seconds_total", {{"process", process}}, number(use.cpu_ns) / 1e9);
  list.add("penstock_process_resident_memory_bytes", {{"process", process}}, number(use.resident));
  list.add("penstock_process_open_fds", {{"process", process}}, number(use.files));
  list.add("penstock_process_max_fds", {{"process", process}}, number(use.most_files));
}

}  // namespace

void add_processes(MetricList& list, const StatusView& view) {
  add_build(list, "control", PENSTOCK_VERSION);
  list.add("penstock_process_start_time_seconds", {{"process", "control"}}, unix_seconds(view.started_at));
  add_use(list, "control", view.use);
  list.add("penstock_dataplane_up", {}, view.page ? 1 : 0);
  if (view.heartbeat_age) list.add("penstock_control_heartbeat_age_seconds", {}, seconds(*view.heartbeat_age));
  if (!view.page) return;
  const config::CounterPage& page = *view.page;
  add_build(list, "dataplane", {page.version.data(), strnlen(page.version.data(), page.version.size())});
  list.add("penstock_process_start_time_seconds", {{"process", "dataplane"}}, number(page.started_at));
  add_use(list, "dataplane",
          {.cpu_ns = page.process_cpu_ns.get(),
           .resident = page.process_resident.get(),
           .files = page.process_files.get(),
           .most_files = page.process_most_files.get()});
  list.add("penstock_control_silent", {}, number(page.control_silent.get()));
}

}  // namespace penstock::control
