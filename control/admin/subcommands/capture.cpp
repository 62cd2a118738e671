// control/admin/subcommands/capture.cpp - capture: packets of clients and endpoints as a pcap-ng file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <memory>

#include "control/admin/client.h"
#include "control/admin/subcommands/subcommands.h"
#include "control/capture/capture_file.h"

namespace penstock::control {
namespace {

using nlohmann::json;

std::atomic<bool> stop_capturing{false};

void on_interrupt(int) {
  stop_capturing = true;
}

struct CaptureOptions {
  std::string file, client, endpoint, name, side;
  uint64_t seconds = 60, size = uint64_t{64} << 20, packets = 0;

  json request() const {
    json request{{"command", "capture"}, {"seconds", seconds}, {"bytes", size}};
    for (const auto& [key, value] :
         {std::pair{"client", &client}, {"endpoint", &endpoint}, {"name", &name}, {"side", &side}})
      if (!value->empty()) request[key] = *value;
    if (packets != 0) request["packets"] = packets;
    return request;
  }
  bool is_standard_output() const { return file == "-"; }
};

void fail(Invocation& control, const std::string& error, int status) {
  if (control.as_json) print_json({{"ok", false}, {"error", error}});
  std::cerr << "penstockctl: " << error << '\n';
  control.status = status;
}

// What is there stays until the capture has begun: it may be the file of another one.
config::Descriptor open_file(const CaptureOptions& options) {
  if (options.is_standard_output()) return config::Descriptor(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  return config::Descriptor(open(options.file.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
}

// On standard error: standard output may be the file.
void report(Invocation& control, const CaptureOptions& options, const CaptureResult& result) {
  if (control.as_json) {
    const json answer{{"ok", result.error.empty()}, {"packets", result.packets}, {"matched", result.matched},
                      {"lost", result.lost},        {"bytes", result.bytes},     {"ended", result.ended},
                      {"error", result.error}};
    (options.is_standard_output() ? std::cerr : std::cout)
        << answer.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  } else {
    std::cerr << result.packets << " packets written to "
              << (options.is_standard_output() ? "standard output" : options.file) << " (" << result.bytes
              << " octets); " << result.matched << " matched, " << result.lost << " lost; " << result.ended << '\n';
  }
  if (!result.error.empty()) std::cerr << "penstockctl: " << result.error << '\n';
  control.status = result.error.empty() ? kDone : kFailed;
}

void capture(Invocation& control, const CaptureOptions& options) {
  if (options.is_standard_output() && isatty(STDOUT_FILENO) != 0)
    return fail(control, "packets are no text: give a FILE, or - into a pipe", kUsage);
  const config::Descriptor file = open_file(options);
  if (!file) return fail(control, "cannot write " + options.file + ": " + strerror(errno), kFailed);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);
  const auto begun = ask_for_stream(control.socket, options.request(), kQuick);
  if (!begun) return fail(control, begun.error(), kUsage);
  if (!begun->answer.value("ok", false) || !begun->stream)
    return fail(control, begun->answer.value("error", "control has handed over no packets; see its log"), kFailed);
  // A pipe has no length.
  if (ftruncate(file.get(), 0) != 0 && errno != EINVAL)
    return fail(control, "cannot write " + options.file + ": " + strerror(errno), kFailed);
  if (!control.as_json)
    std::cerr << "capturing " << begun->answer.value("words", "") << " for at most " << options.seconds << " s and "
              << options.size << " octets; Ctrl-C ends it\n";
  report(control, options, copy_capture(begun->stream.get(), file.get(), stop_capturing));
}

}  // namespace

void add_capture(CLI::App& app, Invocation& control) {
  const auto options = std::make_shared<CaptureOptions>();
  CLI::App& command = *app.add_subcommand("capture", "write packets of clients and endpoints to a pcap-ng file");
  command.add_option("FILE", options->file, "what tcpdump -r, tshark and Wireshark read; -: standard output")
      ->required();
  command.add_option("--client", options->client, "address or network of clients; without --endpoint: clients only");
  command.add_option("--endpoint", options->endpoint,
                     "address, or a pool for all its endpoints; without --client: endpoints only");
  command.add_option("--name", options->name, "question: this name, and all names below it");
  command.add_option("--side", options->side, "clients or endpoints; else both");
  command.add_option("--seconds", options->seconds, "end after this many seconds, 3600 at most")->capture_default_str();
  command.add_option("--size", options->size, "end before the file is larger: 64MiB, 1GiB ...")
      ->transform(CLI::AsSizeValue(false))
      ->default_str("64MiB");
  command.add_option("--packets", options->packets, "end after this many packets");
  command.footer(
      "UDP only, as it is on the wire: TCP, and UDP in fragments, pass through the kernel, where tcpdump sees them. "
      "What the\n"
      "XDP filter drops of a flood is not seen. One capture at a time. Ctrl-C ends it with a whole file.");
  command.callback([options, &control] { capture(control, *options); });
}

}  // namespace penstock::control
