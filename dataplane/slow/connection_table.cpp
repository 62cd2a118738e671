#include "dataplane/slow/connection_table.h"

#include <algorithm>

namespace penstock::slow {

ConnectionTable::Client ConnectionTable::client_of(const config::IpAddress& address) {
  Client client{};
  client[0] = address.family;
  std::copy_n(address.bytes.begin(), address.is_v4() ? 4 : 7, client.begin() + 1);
  return client;
}

uint32_t ConnectionTable::of_client(const config::IpAddress& client) const {
  const auto found = clients_.find(client_of(client));
  return found == clients_.end() ? 0 : found->second.size;
}

uint32_t ConnectionTable::to_shed(const config::IpAddress& client) const {
  const auto found = clients_.find(client_of(client));
  if (found != clients_.end() && found->second.size >= per_client_) return idlest_of(found->second, &Record::in_client);
  if (size_ >= total_) return idlest_of(all_, &Record::in_all);
  return kNone;
}

uint32_t ConnectionTable::idlest_of(const Order& order, Link Record::*link) const {
  uint32_t place = order.first;
  for (int looked = 0; looked < 16 && place != kNone; ++looked) {
    if (records_[place].in_flight == 0) return place;
    place = (records_[place].*link).behind;
  }
  return order.first;
}

uint32_t ConnectionTable::add(const config::IpAddress& client, Time now) {
  uint32_t place = static_cast<uint32_t>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  Record& record = records_[place];
  record.open = true;
  record.in_flight = 0;
  record.last_message = now;
  record.client = clients_.try_emplace(client_of(client)).first;
  append(all_, &Record::in_all, place);
  append(record.client->second, &Record::in_client, place);
  ++size_;
  return place;
}

void ConnectionTable::remove(uint32_t place) {
  Record& record = records_[place];
  unlink(all_, &Record::in_all, place);
  unlink(record.client->second, &Record::in_client, place);
  if (record.client->second.size == 0) clients_.erase(record.client);
  record.open = false;
  ++record.generation;
  free_.push_back(place);
  --size_;
}

void ConnectionTable::query(uint32_t place, Time now) {
  ++records_[place].in_flight;
  touch(place, now);
}

void ConnectionTable::answer(uint32_t place, Time now) {
  if (records_[place].in_flight != 0) --records_[place].in_flight;
  touch(place, now);
}

void ConnectionTable::forget(uint32_t place, Time now) {
  records_[place].in_flight = 0;
  touch(place, now);
}

void ConnectionTable::touch(uint32_t place, Time now) {
  Record& record = records_[place];
  record.last_message = now;
  unlink(all_, &Record::in_all, place);
  append(all_, &Record::in_all, place);
  unlink(record.client->second, &Record::in_client, place);
  append(record.client->second, &Record::in_client, place);
}

void ConnectionTable::append(Order& order, Link Record::*link, uint32_t place) {
  records_[place].*link = {order.last, kNone};
  (order.last == kNone ? order.first : (records_[order.last].*link).behind) = place;
  order.last = place;
  ++order.size;
}

void ConnectionTable::unlink(Order& order, Link Record::*link, uint32_t place) {
  const Link at = records_[place].*link;
  (at.before == kNone ? order.first : (records_[at.before].*link).behind) = at.behind;
  (at.behind == kNone ? order.last : (records_[at.behind].*link).before) = at.before;
  --order.size;
}

}  // namespace penstock::slow
