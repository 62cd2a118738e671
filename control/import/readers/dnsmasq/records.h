// control/import/readers/dnsmasq/records.h - host-record=, cname=, txt-record= and their like.
#pragma once

#include <string_view>

#include "control/import/form/names.h"

namespace penstock::imports {

// False: the option is no record.
bool read_dnsmasq_record(std::string_view option, std::string_view value, Where where, Source& source, Names& names);

}  // namespace penstock::imports
