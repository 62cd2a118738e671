// dataplane/path/query/identity.h - who answers here and what runs here: id.server (RFC 4892) and its like, of class CH.
#pragma once

#include "dataplane/path/work.h"

namespace penstock::path {

// id.server, hostname.bind, version.server, version.bind.
bool is_own_name(const dns::FoldedName& name);

// The data of the TXT record that a question for `name` and `type` is answered with; empty: we do not say. Valid as `host` is.
std::span<const uint8_t> own_text(const tables::LocalHost& host, const dns::FoldedName& name, uint16_t type);

// Answers with such data.
config::QueryOutcome answer_own(state::Lcore& lcore, const QueryWork& work, std::span<const uint8_t> txt_data);

}  // namespace penstock::path
