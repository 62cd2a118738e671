// control/metrics/collect_clients.h - how long clients waited, what they asked for, and the query log.
#pragma once

#include "control/metrics/metric_list.h"
#include "control/view/status_view.h"

namespace penstock::control {

void add_clients(MetricList& list, const StatusView& view);

}  // namespace penstock::control
