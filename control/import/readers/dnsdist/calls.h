// control/import/readers/dnsdist/calls.h - what a configuration of dnsdist does, as it was recorded while it ran, or is in its YAML.
#pragma once

#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct DnsdistRule {
  std::string kind;                // all, suffix, name, net, tag, and, or, not, other
  std::vector<std::string> texts;  // names, networks; a tag and its value; of other: what it is called
  std::vector<DnsdistRule> inner;
};

struct DnsdistCall {
  Where where;
  std::string what;  // server, add pool, action, listen, acl, new acl, policy, cache, lost
  std::vector<std::string>
      texts;  // server: address, "tls" or "", order; action: its kind and what it has; else as called
  std::vector<std::string> pools;  // of a server
  DnsdistRule rule;                // of an action
};

// Runs Lua in a sandbox: no os, io, require or debug, and limits of instructions and memory. What is wrong is remarked as broken.
std::vector<DnsdistCall> run_dnsdist_lua(Source& source, const Files& files, const std::string& path);
extern const char* const kDnsdistPrelude;  // stand-ins for dnsdist's functions, in Lua

// The YAML of dnsdist 2.0.
std::vector<DnsdistCall> read_dnsdist_yaml(Source& source, const Files& files, const std::string& path);

}  // namespace penstock::imports
