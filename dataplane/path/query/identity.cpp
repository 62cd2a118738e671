#include "dataplane/path/query/identity.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "dataplane/dns/records.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/frame/buffer.h"

namespace penstock::path {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kIdentity[] = {"\2id\6server\0"sv, "\10hostname\4bind\0"sv};
constexpr std::string_view kSoftware[] = {"\7version\6server\0"sv, "\7version\4bind\0"sv};
constexpr unsigned kRecordHead = 12;  // a pointer to the question, type, class, TTL, length of data

bool is_one_of(std::span<const std::string_view> names, const dns::FoldedName& name) {
  const std::string_view asked(reinterpret_cast<const char*>(name.bytes), name.length);
  return std::find(names.begin(), names.end(), asked) != names.end();
}

}  // namespace

bool is_own_name(const dns::FoldedName& name) {
  return is_one_of(kIdentity, name) || is_one_of(kSoftware, name);
}

std::span<const uint8_t> own_text(const tables::LocalHost& host, const dns::FoldedName& name, uint16_t type) {
  if (type != dns::kTypeTxt && type != dns::kTypeAny) return {};
  const tables::OwnText* text = is_one_of(kIdentity, name)   ? &host.identity
                                : is_one_of(kSoftware, name) ? &host.software
                                                             : nullptr;
  return text == nullptr || text->is_empty() ? std::span<const uint8_t>{} : text->txt_data();
}

config::QueryOutcome answer_own(state::Lcore& lcore, const QueryWork& work, std::span<const uint8_t> txt_data) {
  const dns::QueryTraits& traits = work.query.traits;
  const std::span<uint8_t> room = room_of(work.packet);
  const unsigned begin = dns::kHeaderSize + traits.question_length;
  const auto size = static_cast<unsigned>(kRecordHead + txt_data.size());
  if (room.size() < begin + size + dns::kAnswerTail) return ignore(lcore, work, config::QueryOutcome::ignored_no_room);
  uint8_t* record = &room[begin];
  std::memset(record, 0, kRecordHead);  // TTL 0
  dns::store16(record, 0xc000 | dns::kHeaderSize);
  dns::store16(record + 2, dns::kTypeTxt);
  dns::store16(record + 4, dns::kClassChaos);
  dns::store16(record + 10, static_cast<uint16_t>(txt_data.size()));
  std::memcpy(record + kRecordHead, txt_data.data(), txt_data.size());
  const unsigned length = dns::write_answer_around(room, traits, dns::Rcode::noerror, dns::ExtendedError::none, size);
  dns::store16(&room[2], static_cast<uint16_t>(dns::flags_of(room.data()) | dns::kFlagAuthoritative));
  dns::store16(&room[6], 1);
  return end_with(lcore, work, length, config::QueryOutcome::answered_identity);
}

}  // namespace penstock::path
