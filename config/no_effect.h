// config/no_effect.h - settings that are read and checked but do nothing in this version: the user is told,
// once a kind.
#pragma once

#include "config/findings.h"
#include "config/yaml_tree.h"

namespace penstock::config {

void note_settings_without_effect(const YamlNode& root, Findings&);

}  // namespace penstock::config
