// control/service_manager.h - what systemd hears of us (sd_notify); nothing happens where there is no
// systemd.
#pragma once

#include <string>

namespace penstock::control {

// What takes its time before notify_ready(); systemd waits a minute more.
void notify_starting(const std::string& what);
void notify_status(const std::string& line);
void notify_ready(const std::string& line);
void notify_reloading();
void notify_stopping();
void notify_watchdog();

}  // namespace penstock::control
