// config/check/validate.h - what is wrong with a model as a whole: addresses, endpoints and names that contradict
// each other.
#pragma once

#include "config/read/model_reader.h"

namespace penstock::config {

// `has_ports`: the YAML has the section, what is wrong inside it was reported when it was read.
void check_ports(ModelReader&, bool has_ports);
void validate(ModelReader&, bool has_ports);

}  // namespace penstock::config
