// tests/fuzz/seed_ruleset_open.cpp - writes a few small, good images for fuzz_ruleset_open into the folder it is given.
#include <cstdlib>
#include <fstream>

#include "tests/dataplane/tables/sample_model.h"

using namespace penstock;

int main(int count, char** arguments) {
  if (count != 2) return EXIT_FAILURE;
  const auto write = [&](const config::Model& model, const char* name) {
    const auto compiled = control::compile(model, 1, test::slots_in_order(), 1);
    std::ofstream file(std::string(arguments[1]) + "/" + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(compiled->image.data()),
               static_cast<std::streamsize>(compiled->image.size()));
  };
  config::Model model = test::sample_model(4);
  write(model, "no-zones");
  test::add_zone(model, test::wire("a.b"), config::Scope::zone, 0);
  model.default_rule = 1;
  write(model, "one-zone");
  for (const char* name : {"b", "c.a.b", "x.y", "z"}) test::add_zone(model, test::wire(name), config::Scope::below, 2);
  write(model, "five-zones");
  for (int i = 0; i < 40; ++i) test::add_zone(model, test::wire(std::to_string(i)), config::Scope::name, 3);
  write(model, "more-zones");
  // More depths than a probe holds candidates.
  std::string deep(1, '\0');
  for (int depth = 0; depth < 12; ++depth) test::add_zone(model, deep.insert(0, "\1x"), config::Scope::zone, 0);
  write(model, "deep-zones");
  config::Model local = test::sample_model(4);
  for (const char* name : {"lab", "six", "ads"})
    test::add_zone(local, test::wire(name), config::Scope::zone, static_cast<uint32_t>(local.zones.entries.size()));
  local.rules[0].action = config::Action::records;
  local.rules[0].records = {
      {"@ NS ns\nww A 10.0.0.1\nww A 10.0.0.2\nww TYPE65280 \\# 0\n*.w.e CNAME ww\nx TXT y\n", {}}};
  local.rules[1].action = config::Action::addresses;
  local.rules[1].addresses = {*config::parse_address("10.0.0.1"), *config::parse_address("fd00::6")};
  local.rules[2].action = config::Action::nxdomain;
  write(local, "records");
}
