// control/admin/commands.h - what the requests of penstockctl mean.
//
//   {"command": "status"} | {"command": "endpoints"} | {"command": "reload", "accept_removals": true}
//   {"command": "drain", "address": "10.16.1.10"} | "undrain" | {"command": "explain", "client": "10.1.2.3", "name": "a.example",
//   "type": "A"} | {"command": "queries" | "top", ...} (query_commands.h) | {"command": "cache"} | {"command": "flush", "scope": "name" | "zone" | "all", "name": "a.example"}
//   {"command": "cached", "scope", "name", "type": "A", "page": 0}: some pages of the cache; its answer says where to go on
//   {"command": "capture", ...} (control/capture/capture_request.h): a stream of pcap-ng comes with the answer
//   {"command": "preview", ...} what a reload would do | {"command": "source", "generation": 7} the files of these rules | {"command": "history"}
//   {"command": "rollback", "generation": 7}
// Every answer has "ok"; when it is false, "error" says why and what would be right.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/access/audit.h"
#include "control/access/peer.h"
#include "control/access/roles.h"
#include "control/admin/operations.h"

namespace penstock::control {

class Commands {
 public:
  using Reply = std::function<void(const nlohmann::json&)>;

  // An answer with a descriptor for who asked.
  using HandOver = std::function<void(const nlohmann::json&, const config::SharedDescriptor&)>;

  explicit Commands(Operations& operations) : operations_(operations) {}
  // `reply` or `hand_over` is called once, now or later. A command that changes something leaves its line in the log (control/access/audit.h).
  void run(const std::string& request, const Peer&, Rights, Reply reply, HandOver hand_over = {});
  // Of root.
  void run(const std::string& request, Reply reply, HandOver hand_over = {}) {
    run(request, Peer{}, kAllRights, std::move(reply), std::move(hand_over));
  }

 private:
  struct Asked {
    Peer peer;
    Reply reply;
    HandOver hand_over;
  };
  struct Entry;
  static const Entry kTable[];

  StatusView view();
  AuditEvent audit_of(const nlohmann::json& request, const Peer&);
  Reply audited(AuditEvent, Reply reply);
  static HandOver audited(AuditEvent, HandOver hand_over);
  void capture(const nlohmann::json& request, const Reply& reply, HandOver hand_over);
  void explain(const nlohmann::json& request, Reply reply);
  void flush(const nlohmann::json& request, Reply reply);
  void cached(const nlohmann::json& request, const Reply& reply);
  void drain(const nlohmann::json& request, bool drained, const Reply& reply);
  void reload(const nlohmann::json& request, const Asked&);
  void rollback(const nlohmann::json& request, const Asked&);
  void preview(const nlohmann::json& request, Reply reply);
  void source(const nlohmann::json& request, Reply reply);

  Operations& operations_;
  bool is_previewing_ = false;
};

}  // namespace penstock::control
