// control/import/readers/readers.h - one function a format. Each takes the files that the user names and follows what they include.
#pragma once

#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

using Paths = std::vector<std::string>;

Source read_bind(const Paths& paths, const Files& files);
Source read_unbound(const Paths& paths, const Files& files);
Source read_dnsmasq(const Paths& paths, const Files& files);
Source read_coredns(const Paths& paths, const Files& files);
Source read_dnsdist(const Paths& paths, const Files& files);
Source read_windows(const Paths& paths, const Files& files);
Source read_aws(const Paths& paths, const Files& files);

}  // namespace penstock::imports
