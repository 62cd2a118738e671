// control/import/readers/aws/services.h - AWS's words for what `studio:` has: endpoint services, regions.
#pragma once

#include <string>
#include <string_view>

namespace penstock::imports {

// What an endpoint service is called in `services:`; empty: no service of SageMaker.
std::string service_word(std::string_view name, std::string_view region);
// The known region that is a part of the text between dots or slashes; empty: none.
std::string region_in(std::string_view text);

}  // namespace penstock::imports
