// control/events/event_text.h - an event of the dataplane in a sentence that says what happened and what would end it.
#pragma once

#include <string>

#include "config/contract/event_ring.h"
#include "config/model.h"

namespace penstock::control {

// "leak", "loop_probe", ...: the label of metrics and the key of `penstockctl --json`.
const char* to_string(config::EventKind);

// `model` holds the rules that the event is of. `endpoint` is the address of the event's slot, empty: it has none.
std::string event_text(const config::Event&, const config::Model& model, const std::string& endpoint);

}  // namespace penstock::control
