#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/admin/render.h"

namespace penstock::control {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr size_t kMostZones = 20;

std::string number(const json& of, const char* key) {
  return std::to_string(of.value(key, uint64_t{0}));
}

// "87.5 % of 120 queries", "no query yet"
std::string share(const json& of) {
  if (of["ratio"].is_null()) return "no query";
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", of["ratio"].get<double>() * 100);
  return std::string(text) + " of " + number(of, "queries") + " queries";
}

std::string list(const json& of, const std::vector<std::pair<const char*, const char*>>& words) {
  std::string text;
  for (const auto& [key, word] : words) text += (text.empty() ? "" : ", ") + number(of, key) + " " + word;
  return text;
}

}  // namespace

// "512 octets", "3.2 MiB"
std::string render_octets(uint64_t octets) {
  if (octets < 1024) return std::to_string(octets) + " octets";
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(octets) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, std::fmod(value, 1) == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string render_cache_line(const json& cache) {
  if (cache["size"] == 0) return "none: dataplane.cache_size is 0";
  return number(cache, "entries") + " answers in " + render_octets(cache["used"].get<uint64_t>()) + " of " +
         render_octets(cache["size"].get<uint64_t>()) + "; answered from it " + share(cache["hits"]) +
         ", in the last 10 s " + share(cache["hits_10s"]);
}

std::string render_remembered(const json& cache) {
  if (!cache.value("remembered", true)) return "no, every query is forwarded: " + cache["why_not"].get<std::string>();
  const auto time = [&](const char* key) { return number(cache, key) + " s"; };
  std::string text = "up to " + time("max_ttl") + " (negative answers " + time("max_negative_ttl") + ")";
  if (cache["min_ttl"] != 0) text += ", at least " + time("min_ttl");
  if (cache["stale"].get<bool>()) text += "; stale up to " + time("max_stale") + " more when no endpoint answers";
  if (cache["prefetch"].get<bool>()) text += "; renewed before they expire if popular";
  if (!cache["rotate"].get<bool>()) text += "; order of addresses kept";
  if (cache["size"] != 0) text += "; at most " + render_octets(cache["size"].get<uint64_t>());
  return text;
}

std::string render_cache(const json& answer) {
  Rows rows;
  if (!answer["connected"].get<bool>()) {
    rows.push_back({"cache", "unknown: no dataplane is connected"});
  } else {
    const json& cache = answer["cache"];
    rows.push_back({"cache", render_cache_line(cache)});
    rows.push_back({"answered", list(answer["answered"], {{"fresh", "fresh"},
                                                          {"stale", "stale"},
                                                          {"failure", "by a cached failure"},
                                                          {"refused_snoop", "refused without RD"}})});
    const json& remember = answer["remember"];
    rows.push_back({"cached", list(remember, {{"stored", "new"}, {"renewed", "renewed"}, {"failure", "failures"}})});
    rows.push_back({"not cached", list(remember, {{"not_kept", "for one client only"},
                                                  {"too_long", "too long"},
                                                  {"no_room", "over the pool's share"},
                                                  {"busy", "busy page"}})});
    rows.push_back({"refreshes", list(answer["refresh"], {{"sent", "sent"},
                                                          {"no_endpoint", "without a reachable endpoint"},
                                                          {"pending_full", "with a full pending table"},
                                                          {"no_frame", "without a free buffer"}})});
    rows.push_back({"removed", number(cache, "evicted") + " to make room, " + number(cache, "flushed") + " by flush"});
  }
  for (const json& pool : answer["pools"])
    rows.push_back({"pool " + pool["name"].get<std::string>(),
                    pool["enabled"].get<bool>() ? render_remembered(pool) : "nothing: every query is forwarded"});
  std::string off;
  size_t told = 0;
  for (const json& origin : answer["zones_off"]) {
    if (told++ == kMostZones) break;
    off += (off.empty() ? "" : ", ") + origin.get<std::string>();
  }
  if (const size_t all = answer["zones_off"].size(); all > kMostZones)
    off += " and " + std::to_string(all - kMostZones) + " more";
  if (!off.empty()) rows.push_back({"cache: off", off});
  return render_table(rows, "");
}

std::string render_flushed(const json& answer) {
  const std::string scope = answer["scope"];
  const auto entries = answer["entries"].get<uint64_t>();
  const std::string count = std::to_string(entries) + (entries == 1 ? " answer" : " answers");
  if (scope == "all") return count + " removed: all\n";
  const std::string name = answer["name"];
  if (scope == "zone") return count + " removed: " + name + " and below\n";
  return count + " removed: " + name + (entries == 0 ? "; for names below it use --zone " + name + "\n" : "\n");
}

}  // namespace penstock::control
