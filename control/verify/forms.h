// control/verify/forms.h - which names that `studio:` implies are not offered by a VPC, and so not wrong.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace penstock::control {

// `studio:` implies FIPS, dual-stack and app.aws forms of a service's name. A VPC has only those that it has an endpoint for. Such a
// form becomes "not offered" where the service's own name is right and no endpoint of the pool has an answer of its own for the form.
// Names under `zones:` are meant by the user, and are judged as they are. `zones`: as in the report of verify().
void tell_forms_not_offered(nlohmann::json& zones);

}  // namespace penstock::control
