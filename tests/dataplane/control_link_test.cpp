// tests/dataplane/control_link_test.cpp - the dataplane's end of the link over a real socket: what is refused, and why, and
// that the running rules stay. Long by its table of damaged images.
#include "dataplane/control_link.h"
#include "dataplane/inquiry/browse.h"
#include "dataplane/last_good.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <xxhash.h>

#include <functional>
#include <random>

#include "config/contract/inquiry/question.h"
#include "tests/dataplane/images.h"

namespace penstock::test {
namespace {

using config::Message;

size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

control::ImageBytes with_checksum(control::ImageBytes image) {
  auto& header = *reinterpret_cast<config::ImageHeader*>(image.data());
  header.checksum = 0;
  header.checksum = XXH3_64bits(image.data(), image.size());
  return image;
}

class ControlLinkTest : public testing::Test {
 protected:
  ControlLinkTest() {
    spdlog::set_level(spdlog::level::off);
    link.emplace(listen().value());
  }
  tl::expected<ControlLink, std::string> listen() {
    config::Hello hello;
    hello.lcores = 2;
    hello.image_version = config::kImageVersion;
    return ControlLink::listen(
        folder / "run/dataplane.sock", hello, rules, *pages, folder / "state",
        [this](std::span<const config::IpAddress> endpoints) -> tl::expected<void, std::string> {
          std::string texts;
          for (const auto& endpoint : endpoints) texts += config::to_string(endpoint) + " ";
          filters.push_back(texts);
          if (!filter_error.empty()) return tl::make_unexpected(filter_error);
          return {};
        },
        {.flush =
             [this](config::FlushScope scope, std::span<const uint8_t> name) {
               flushed.emplace_back(scope, std::string(name.begin(), name.end()));
               return uint64_t{7};
             },
         .browse =
             [this](const config::Browse& request) {
               return inquiry::browse(request, answers, {rules.current(), returns, 0});
             }},
        {.begin = [this](const config::CaptureRequest& request) { return begin_capture(request); },
         .end = [this](const std::string& reason) { captures_ended.push_back(reason); }});
  }
  tl::expected<config::Descriptor, std::string> begin_capture(const config::CaptureRequest& request) {
    captures.push_back(request);
    if (captures.size() > 1) return tl::make_unexpected("another capture is running");
    return config::Descriptor(memfd_create("stream", MFD_CLOEXEC));
  }
  FileDescriptor dial() {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder / "run/dataplane.sock").c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }
  // A connected control that has read its greeting.
  FileDescriptor control() {
    FileDescriptor socket = dial();
    link->accept();
    Message hello = config::receive_message(socket.fd).value();
    EXPECT_NE(hello.as<config::Hello>(), nullptr);
    EXPECT_EQ(hello.fds.size(), 2U);
    for (const int fd : hello.fds) close(fd);
    return socket;
  }
  Message exchange(int socket, const void* bytes, size_t size, const std::vector<int>& fds) {
    EXPECT_TRUE(config::send_message(socket, bytes, size, fds).has_value());
    link->serve();
    return config::receive_message(socket).value();
  }
  Message publish(int socket, uint64_t generation, uint64_t size, int fd) {
    const config::Publish request{.generation = generation, .size = size};
    return exchange(socket, &request, sizeof request, {fd});
  }
  Message publish(int socket, const control::Compiled& compiled) {
    const FileDescriptor memfd = memfd_of(compiled.image);
    return publish(socket, compiled.generation, compiled.image.size(), memfd.fd);
  }
  config::Found look_up(int socket, const std::string& name, const char* client = nullptr) {
    const std::string wire = config::parse_name(name).value();
    config::Lookup request;
    if (client != nullptr) {
      const config::IpAddress address = config::parse_address(client).value();
      request.client = address.bytes;
      request.family = address.family;
    }
    request.name_length = static_cast<uint8_t>(wire.size());
    wire.copy(request.name.data(), request.name.size());
    const Message reply = exchange(socket, &request, sizeof request, {});
    const auto* found = reply.as<config::Found>();
    EXPECT_NE(found, nullptr);
    return found != nullptr ? *found : config::Found{};
  }

  TemporaryFolder folder;
  std::unique_ptr<SharedPages> pages = SharedPages::create(2, 768).value();
  Publisher rules{2, pages->counters()};
  std::vector<std::string> filters;
  std::vector<std::pair<config::FlushScope, std::string>> flushed;
  state::AnswerCache answers{1 << 16};
  state::PoolReturns returns{};
  std::vector<config::CaptureRequest> captures;
  std::vector<std::string> captures_ended;
  std::string filter_error;  // what the ports say to the next change
  std::optional<ControlLink> link;
};

TEST_F(ControlLinkTest, PublishesAndLooksUp) {
  const FileDescriptor socket = control();
  EXPECT_EQ(look_up(socket.fd, "www.ads.example").rule, config::kNoRule);

  const control::Compiled first = compile_text(kImageRules, 7);
  const Message reply = publish(socket.fd, first);
  const auto* published = reply.as<config::Published>();
  ASSERT_NE(published, nullptr);
  EXPECT_EQ(published->generation, 7U);
  EXPECT_EQ(published->checksum, first.checksum);
  EXPECT_EQ(published->lcores, 2U);
  EXPECT_EQ(published->zones, first.zones);
  EXPECT_EQ(published->zones, 2U + 8U);  // written and built in
  EXPECT_EQ(published->pools, 2U);
  EXPECT_EQ(published->endpoints, 3U);
  EXPECT_EQ(pages->counters().generation.get(), 7U);
  EXPECT_EQ(pages->counters().images_accepted.get(), 1U);

  const config::Found below = look_up(socket.fd, "d-1.studio.us-east-1.sagemaker.aws");
  EXPECT_EQ(below.rule, config::RuleIndex{0});
  EXPECT_EQ(below.generation, 7U);
  EXPECT_EQ(below.matched_length, 32U);
  EXPECT_EQ(below.is_apex, 0);
  const config::Found apex = look_up(socket.fd, "ads.example");
  EXPECT_EQ(apex.rule, config::RuleIndex{1});
  EXPECT_EQ(apex.is_apex, 1);
  const config::Found other = look_up(socket.fd, "example.org");
  EXPECT_EQ(other.rule, config::RuleIndex{2});
  EXPECT_EQ(other.matched_length, 0);
}

TEST_F(ControlLinkTest, HandsAStreamOverAndEndsTheCaptureWithTheLink) {
  const FileDescriptor socket = control();
  config::StartCapture request;
  request.request.seconds = 17;
  const Message first = exchange(socket.fd, &request, sizeof request, {});
  ASSERT_NE(first.as<config::CaptureStarted>(), nullptr);
  EXPECT_EQ(first.fds.size(), 1U);
  for (const int fd : first.fds) close(fd);
  const Message second = exchange(socket.fd, &request, sizeof request, {});
  ASSERT_NE(second.as<config::CaptureStarted>(), nullptr);
  EXPECT_STREQ(second.as<config::CaptureStarted>()->reason.data(), "another capture is running");
  EXPECT_TRUE(second.fds.empty());
  ASSERT_EQ(captures.size(), 2U);
  EXPECT_EQ(captures[0].seconds, 17U);
  shutdown(socket.fd, SHUT_RDWR);
  link->serve();
  EXPECT_EQ(captures_ended, std::vector<std::string>{"penstock-control is gone"});
}

// What `penstockctl explain --client` asks: from the table that forwards.
constexpr uint32_t kDefault = 6;
struct LookUpCase {
  const char* description;
  const char* name;
  const char* client;  // nullptr: nobody is named
  uint32_t rule;
  const char* zone;  // empty: the default
  bool is_left_out, depends, may_ask;
  uint16_t group;
};
const LookUpCase kLookUps[] = {
    {.description = "of the group",
     .name = "a.ml.example",
     .client = "10.1.0.1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 1},
    {.description = "of the group, over IPv6",
     .name = "a.ml.example",
     .client = "fd01::1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 1},
    {.description = "left out: of another group, whose prefix is longer",
     .name = "a.ml.example",
     .client = "10.1.2.1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = true,
     .group = 2},
    {.description = "left out: of none",
     .name = "ml.example",
     .client = "10.2.0.1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = true,
     .group = 0},
    {.description = "left out, over IPv6",
     .name = "ml.example",
     .client = "fd02::1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = true,
     .group = 0},
    {.description = "nobody is of no group",
     .name = "a.ml.example",
     .client = nullptr,
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = false,
     .group = 0},
    {.description = "the first of two entries",
     .name = "both.example",
     .client = "fd01::1",
     .rule = 1,
     .zone = "both.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 1},
    {.description = "otherwise: next",
     .name = "both.example",
     .client = "10.1.2.1",
     .rule = 2,
     .zone = "both.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 2},
    {.description = "next leaves it out too",
     .name = "both.example",
     .client = "10.2.0.1",
     .rule = 2,
     .zone = "both.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = true,
     .group = 0},
    {.description = "next is a shorter zone",
     .name = "a.deep.open.example",
     .client = "10.1.0.1",
     .rule = 3,
     .zone = "open.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 1},
    {.description = "the longer one is for it",
     .name = "a.deep.open.example",
     .client = "10.1.2.1",
     .rule = 4,
     .zone = "deep.open.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 2},
    {.description = "next is the default",
     .name = "a.deep.open.example",
     .client = "fd02::1",
     .rule = kDefault,
     .zone = "",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 0},
    {.description = "the exact name",
     .name = "www.open.example",
     .client = "10.1.2.1",
     .rule = 5,
     .zone = "www.open.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 2},
    {.description = "the exact name is for others",
     .name = "www.open.example",
     .client = "10.1.0.1",
     .rule = 3,
     .zone = "open.example",
     .is_left_out = false,
     .depends = true,
     .may_ask = true,
     .group = 1},
    {.description = "a name that is everybody's",
     .name = "www.example",
     .client = "10.1.0.1",
     .rule = kDefault,
     .zone = "",
     .is_left_out = false,
     .depends = false,
     .may_ask = true,
     .group = 1},
    {.description = "it may not ask at all",
     .name = "www.example",
     .client = "10.9.0.1",
     .rule = kDefault,
     .zone = "",
     .is_left_out = false,
     .depends = false,
     .may_ask = false,
     .group = 0},
    {.description = "of a group, and may not ask",
     .name = "ml.example",
     .client = "192.168.0.1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = false,
     .group = 2},
    {.description = "IPv4 in IPv6's form is IPv6",
     .name = "ml.example",
     .client = "::ffff:10.1.0.1",
     .rule = 0,
     .zone = "ml.example",
     .is_left_out = true,
     .depends = true,
     .may_ask = false,
     .group = 0},
};

TEST_F(ControlLinkTest, LooksUpForAClient) {
  const FileDescriptor socket = control();
  publish(socket.fd, compile_text(R"(
ports: [{device: "af_xdp:eth0"}]
clients:
  allow: [10.0.0.0/8, "fd00::/8"]
  deny: [10.9.0.0/16]
  groups: {ml: {prefixes: [10.1.0.0/16, "fd01::/16"]}, lab: {prefixes: [10.1.2.0/24, 192.168.0.0/16]}}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
zones:
  - {zone: ml.example, pool: vpc, clients: [ml]}
  - {zone: both.example, pool: vpc, clients: [ml], otherwise: next}
  - {zone: both.example, answer: nxdomain, clients: [lab]}
  - {zone: open.example, pool: office, clients: [ml], otherwise: next}
  - {zone: deep.open.example, pool: office, clients: [lab], otherwise: next}
  - {name: www.open.example, answer: nodata, clients: [lab], otherwise: next}
default: {pool: office}
)",
                                  9));
  for (const LookUpCase& c : kLookUps) {
    SCOPED_TRACE(c.description);
    const config::Found found = look_up(socket.fd, c.name, c.client);
    EXPECT_EQ(found.generation, 9U);
    EXPECT_EQ(found.rule.value(), c.rule);
    EXPECT_EQ(found.matched_length, *c.zone == 0 ? 0 : config::parse_name(c.zone)->size());
    EXPECT_EQ(found.is_left_out != 0, c.is_left_out);
    EXPECT_EQ(found.depends_on_client != 0, c.depends);
    EXPECT_EQ(found.group, c.group);
    EXPECT_EQ(found.may_ask != 0, c.may_ask);
  }
}

TEST_F(ControlLinkTest, AnswersQuestionsAboutNames) {
  const FileDescriptor socket = control();
  const control::Compiled first = compile_text(kImageRules, 7);
  ASSERT_NE(publish(socket.fd, first).as<config::Published>(), nullptr);

  config::Compose compose;
  const std::string wire = config::parse_name("d-1.studio.us-east-1.sagemaker.aws").value();
  compose.name_length = static_cast<uint8_t>(wire.size());
  wire.copy(compose.name.data(), wire.size());
  compose.record_type = 1;
  const Message reply = exchange(socket.fd, &compose, sizeof compose, {});
  const auto* composed = reply.as<config::Composed>();
  ASSERT_NE(composed, nullptr);
  EXPECT_EQ(composed->generation, 7U);
  EXPECT_EQ(composed->rule, config::RuleIndex{0});
  EXPECT_EQ(composed->length, 12 + wire.size() + 4 + 11);

  config::Judge judge;
  judge.name_length = compose.name_length;
  judge.name = compose.name;
  judge.record_type = 1;
  for (const size_t octets : {size_t{0}, size_t{12}, size_t{65'535}}) {
    const std::vector<uint8_t> answer(octets, 0x80);
    ASSERT_TRUE(config::send_message(socket.fd, judge, answer).has_value());
    link->serve();
    const Message judgement = config::receive_message(socket.fd).value();
    const auto* judged = judgement.as<config::Judged>();
    ASSERT_NE(judged, nullptr) << octets;
    EXPECT_EQ(judged->finding, config::GuardFinding::other_question) << octets;
  }

  const config::Browse browse;
  const Message browsed = exchange(socket.fd, &browse, sizeof browse, {});
  std::span<const uint8_t> entries;
  const auto* head = browsed.head<config::Browsed>(entries);
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->pages, 16U);
  EXPECT_EQ(head->entries, 0U);
  EXPECT_TRUE(entries.empty());
}

TEST_F(ControlLinkTest, FlushesWhatItIsAskedTo) {
  const FileDescriptor socket = control();
  const std::string wire = config::parse_name("www.example").value();
  struct Case {
    const char* description;
    config::FlushScope scope;
    std::string name;
    std::optional<std::string> forgets;  // empty: nothing is
  };
  const Case cases[] = {
      {.description = "all", .scope = config::FlushScope::all, .name = "", .forgets = ""},
      {.description = "a name", .scope = config::FlushScope::name, .name = wire, .forgets = wire},
      {.description = "a zone", .scope = config::FlushScope::zone, .name = wire, .forgets = wire},
      {.description = "spelled as it is not remembered",
       .scope = config::FlushScope::zone,
       .name = std::string("\3WWW\7Example\0", 13),
       .forgets = wire},
      {.description = "the root and below",
       .scope = config::FlushScope::zone,
       .name = std::string(1, '\0'),
       .forgets = std::string(1, '\0')},
      {.description = "no name", .scope = config::FlushScope::name, .name = "", .forgets = {}},
      {.description = "a name that is cut short",
       .scope = config::FlushScope::zone,
       .name = wire.substr(0, wire.size() - 1),
       .forgets = {}},
      {.description = "more than a name", .scope = config::FlushScope::name, .name = wire + "x", .forgets = wire},
  };
  uint64_t forgotten = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    flushed.clear();
    config::Flush request;
    request.scope = c.scope;
    request.name_length = static_cast<uint8_t>(c.name.size());
    c.name.copy(request.name.data(), request.name.size());
    const Message reply = exchange(socket.fd, &request, sizeof request, {});
    const auto* done = reply.as<config::Flushed>();
    ASSERT_NE(done, nullptr);
    EXPECT_EQ(done->entries, c.forgets ? 7U : 0U);
    forgotten += done->entries;
    if (c.forgets) {
      ASSERT_EQ(flushed.size(), 1U);
      EXPECT_EQ(flushed[0], (std::pair(c.scope, *c.forgets)));
    } else {
      EXPECT_TRUE(flushed.empty());
    }
    EXPECT_EQ(pages->counters().cache_flushed.get(), forgotten);
  }
}

// The port filters let responses of retired endpoints in until no query to them can be open any more.
TEST_F(ControlLinkTest, TellsTheFilterBeforeAndAfter) {
  const FileDescriptor socket = control();
  publish(socket.fd, compile_text(kImageRules, 1));
  std::string moved = kImageRules;
  moved.replace(moved.find("10.16.2.10"), 10, "10.16.3.10");
  publish(socket.fd, compile_text(moved, 2));
  ASSERT_EQ(filters.size(), 2U);
  EXPECT_EQ(filters[0], "10.16.1.10 10.16.2.10 192.168.10.2 ");
  for (const char* endpoint : {"10.16.1.10", "10.16.2.10", "10.16.3.10", "192.168.10.2"})
    EXPECT_NE(filters[1].find(endpoint), std::string::npos) << endpoint;
  link->tick(std::chrono::steady_clock::now());
  ASSERT_EQ(filters.size(), 2U);
  link->tick(std::chrono::steady_clock::now() + std::chrono::seconds(2));
  ASSERT_EQ(filters.size(), 3U);
  EXPECT_EQ(filters[2], "10.16.1.10 10.16.3.10 192.168.10.2 ");
  link->tick(std::chrono::steady_clock::now() + std::chrono::seconds(4));
  EXPECT_EQ(filters.size(), 3U);
}

// Rules whose endpoints the ports would not let answer are no good.
TEST_F(ControlLinkTest, AFilterThatFailsRefusesTheRules) {
  const FileDescriptor socket = control();
  publish(socket.fd, compile_text(kImageRules, 1));
  filter_error = "no room in the filter";
  const Message reply = publish(socket.fd, compile_text(kImageRules, 2));
  const auto* refused = reply.as<config::Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_STREQ(refused->reason.data(), "no room in the filter");
  EXPECT_EQ(pages->counters().generation.get(), 1U);
}

struct RefusalCase {
  const char* description;
  std::function<FileDescriptor(control::ImageBytes&)> make;  // may change the image; its size is what is announced,
  const char* reason;
  uint64_t announced = 0;  // unless this is
};

const RefusalCase kRefusals[] = {
    {.description = "cut in half, and said so",
     .make =
         [](control::ImageBytes& image) {
           image.resize(image.size() / 2);
           return memfd_of(image);
         },
     .reason = "bytes in all"},
    {.description = "cut in half, the whole size announced",
     .make = [](control::ImageBytes& image) { return memfd_of(std::span(image).first(image.size() / 2)); },
     .reason = "is truncated"},
    {.description = "one byte more",
     .make =
         [](control::ImageBytes& image) {
           image.push_back({});
           return memfd_of(image);
         },
     .reason = "bytes in all"},
    {.description = "larger than an image may be",
     .make =
         [](control::ImageBytes& image) {
           FileDescriptor memfd = memfd_of(image, 0);
           EXPECT_EQ(ftruncate(memfd.fd, config::kImageMaxSize + 1), 0);  // sparse
           fcntl(memfd.fd, F_ADD_SEALS, kAllSeals);
           return memfd;
         },
     .reason = "an image of 1073741825 bytes",
     .announced = config::kImageMaxSize + 1},
    {.description = "empty",
     .make =
         [](control::ImageBytes& image) {
           image.clear();
           return memfd_of(image);
         },
     .reason = "an image of 0 bytes"},
    {.description = "another format version",
     .make =
         [](control::ImageBytes& image) {
           reinterpret_cast<config::ImageHeader*>(image.data())->version = config::kImageVersion + 1;
           image = with_checksum(std::move(image));
           return memfd_of(image);
         },
     .reason = "it has format version"},
    {.description = "something else altogether",
     .make =
         [](control::ImageBytes& image) {
           std::fill(image.begin(), image.end(), std::byte{0x41});
           return memfd_of(image);
         },
     .reason = "magic"},
    {.description = "an index out of range, the checksum right",
     .make =
         [](control::ImageBytes& image) {
           reinterpret_cast<config::ImageHeader*>(image.data())->default_rule = config::RuleIndex{99};
           image = with_checksum(std::move(image));
           return memfd_of(image);
         },
     .reason = "its default is rule 99"},
    {.description = "of another generation than announced",
     .make =
         [](control::ImageBytes& image) {
           image = compile_text(kImageRules, 5).image;
           return memfd_of(image);
         },
     .reason = "another generation"},
    {.description = "not sealed",
     .make = [](control::ImageBytes& image) { return memfd_of(image, 0); },
     .reason = "not sealed"},
    {.description = "not sealed against writing",
     .make = [](control::ImageBytes& image) { return memfd_of(image, kAllSeals & ~F_SEAL_WRITE); },
     .reason = "not sealed"},
    {.description = "not sealed against shrinking",
     .make = [](control::ImageBytes& image) { return memfd_of(image, kAllSeals & ~F_SEAL_SHRINK); },
     .reason = "not sealed"},
    {.description = "a regular file",
     .make =
         [](control::ImageBytes& image) {
           char name[] = "/tmp/penstock-image.XXXXXX";
           FileDescriptor file(mkstemp(name));
           unlink(name);
           EXPECT_EQ(write(file.fd, image.data(), image.size()), static_cast<ssize_t>(image.size()));
           return file;
         },
     .reason = "not sealed"},
    {.description = "a socket",
     .make = [](control::ImageBytes&) { return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM, 0)); },
     .reason = "not sealed"},
};

TEST_F(ControlLinkTest, RefusesAndKeepsTheRunningRules) {
  const FileDescriptor socket = control();
  publish(socket.fd, compile_text(kImageRules, 1));
  const tables::Ruleset* running = rules.current();
  const size_t descriptors = open_descriptors();
  uint64_t refused_count = 0;
  for (const RefusalCase& c : kRefusals) {
    SCOPED_TRACE(c.description);
    control::ImageBytes image = compile_text(kImageRules, 2).image;
    {
      const FileDescriptor fd = c.make(image);
      const Message reply = publish(socket.fd, 2, c.announced != 0 ? c.announced : image.size(), fd.fd);
      const auto* refused = reply.as<config::Refused>();
      ASSERT_NE(refused, nullptr);
      EXPECT_EQ(refused->generation, 2U);
      EXPECT_NE(std::string(refused->reason.data()).find(c.reason), std::string::npos) << refused->reason.data();
    }
    EXPECT_EQ(pages->counters().images_refused.get(), ++refused_count);
    EXPECT_EQ(rules.current(), running);
    EXPECT_EQ(look_up(socket.fd, "x.ads.example").generation, 1U);
    EXPECT_EQ(open_descriptors(), descriptors);
  }
  // The last good rules are still the running ones.
  EXPECT_EQ(LoadedRules::from_file(last_good_path(folder / "state")).value()->ruleset().header().generation, 1U);
  // And the same generation is not published twice.
  const Message again = publish(socket.fd, compile_text(kImageRules, 1));
  ASSERT_NE(again.as<config::Refused>(), nullptr);
  EXPECT_NE(std::string(again.as<config::Refused>()->reason.data()).find("already in force"), std::string::npos);
  EXPECT_NE(publish(socket.fd, compile_text(kImageRules, 2)).as<config::Published>(), nullptr);
}

// Of rules that were in force before something may still be remembered, whatever another control calls its own.
TEST_F(ControlLinkTest, GenerationsOnlyRise) {
  const char* const other = R"(
ports: [{name: corp, device: "vdev:net_null0"}]
listen: [192.168.10.86]
pools:
  office: {kind: recursive, endpoints: [192.168.10.2]}
default: {pool: office}
)";
  std::optional<FileDescriptor> socket(control());
  uint64_t highest = 0;
  for (const uint64_t generation : {3U, 2U, 3U, 1U, 7U, 6U, 3U, 8U, 7U}) {
    SCOPED_TRACE(generation);
    const Message reply = publish(socket->fd, compile_text(generation % 2 == 0 ? kImageRules : other, generation));
    EXPECT_EQ(reply.as<config::Published>() != nullptr, generation > highest);
    EXPECT_EQ(reply.as<config::Refused>() != nullptr, generation <= highest);
    highest = std::max(highest, generation);
    EXPECT_EQ(look_up(socket->fd, "ads.example").generation, highest);
    // A control that starts anew is told, and goes on from there.
    socket.reset();
    link->serve();
    socket.emplace(dial());
    link->accept();
    const Message hello = config::receive_message(socket->fd).value();
    EXPECT_EQ(hello.as<config::Hello>()->generation, highest);
    for (const int fd : hello.fds) close(fd);
  }
}

TEST_F(ControlLinkTest, RefusesEveryFlippedBitAndEveryTruncation) {
  const FileDescriptor socket = control();
  publish(socket.fd, compile_text(kImageRules, 1));
  const control::ImageBytes image = compile_text(kImageRules, 2).image;
  std::mt19937 random(7);
  for (size_t bit = 0; bit < image.size() * 8; bit += 1 + random() % 29) {
    control::ImageBytes damaged = image;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    const FileDescriptor memfd = memfd_of(damaged);
    EXPECT_NE(publish(socket.fd, 2, damaged.size(), memfd.fd).as<config::Refused>(), nullptr) << "bit " << bit;
  }
  for (size_t size = 0; size < image.size(); size += 1 + random() % 53) {
    const FileDescriptor memfd = memfd_of(std::span(image).first(size));
    EXPECT_NE(publish(socket.fd, 2, size, memfd.fd).as<config::Refused>(), nullptr) << size << " bytes";
  }
  EXPECT_EQ(look_up(socket.fd, "x.ads.example").generation, 1U);
}

TEST_F(ControlLinkTest, HangsUpOnWhatItDoesNotKnow) {
  const size_t descriptors = open_descriptors();
  const config::Publish publish_request{.generation = 1, .size = 1000};
  const config::Refused not_for_us;
  const uint32_t unknown = 99;
  const std::vector<char> large(5000);
  struct Unknown {
    const char* description;
    const void* bytes;
    size_t size;
    std::vector<int> fds;
  };
  for (const Unknown& c : {Unknown{"publish without an image", &publish_request, sizeof publish_request, {}},
                           {"publish with two", &publish_request, sizeof publish_request, {0, 1}},
                           {"half a message", &publish_request, 8, {0}},
                           {"a message of the other direction", &not_for_us, sizeof not_for_us, {}},
                           {"an unknown type", &unknown, sizeof unknown, {}},
                           {"one byte", &unknown, 1, {}},
                           {"larger than any", large.data(), large.size(), {0}}}) {
    SCOPED_TRACE(c.description);
    {
      const FileDescriptor socket = control();
      EXPECT_GE(link->connection(), 0);
      ASSERT_TRUE(config::send_message(socket.fd, c.bytes, c.size, c.fds).has_value());
      link->serve();
      EXPECT_EQ(link->connection(), -1);
      const auto end = config::receive_message(socket.fd);
      EXPECT_TRUE(!end || end->bytes.empty());
    }
    EXPECT_EQ(open_descriptors(), descriptors);
  }
}

TEST_F(ControlLinkTest, OneControlAtATime) {
  std::optional<FileDescriptor> first(control());
  publish(first->fd, compile_text(kImageRules, 3));
  {
    const FileDescriptor second = dial();
    link->accept();
    const Message turned_away = config::receive_message(second.fd).value();
    ASSERT_NE(turned_away.as<config::Refused>(), nullptr);
    EXPECT_NE(std::string(turned_away.as<config::Refused>()->reason.data()).find("another control"), std::string::npos);
    EXPECT_TRUE(config::receive_message(second.fd).value().bytes.empty());
  }
  EXPECT_EQ(look_up(first->fd, "ads.example").generation, 3U);
  // The first one gone, the next is greeted with what is running.
  first.reset();
  link->serve();
  EXPECT_EQ(link->connection(), -1);
  const FileDescriptor third = dial();
  link->accept();
  const Message hello = config::receive_message(third.fd).value();
  ASSERT_NE(hello.as<config::Hello>(), nullptr);
  EXPECT_EQ(hello.as<config::Hello>()->generation, 3U);
  EXPECT_EQ(hello.as<config::Hello>()->checksum, compile_text(kImageRules, 3).checksum);
  for (const int fd : hello.fds) close(fd);
}

TEST_F(ControlLinkTest, PagesAreHandedOverSafely) {
  const FileDescriptor socket = dial();
  link->accept();
  const Message hello = config::receive_message(socket.fd).value();
  ASSERT_EQ(hello.fds.size(), 2U);
  const FileDescriptor counters(hello.fds[0]);
  const FileDescriptor endpoints(hello.fds[1]);
  const size_t size = config::counter_page_size(2);
  EXPECT_EQ(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, counters.fd, 0), MAP_FAILED);
  EXPECT_LT(pwrite(counters.fd, "x", 1, 0), 0);
  EXPECT_NE(ftruncate(counters.fd, 0), 0);
  EXPECT_NE(ftruncate(endpoints.fd, 0), 0);

  auto* read = static_cast<const config::CounterPage*>(mmap(nullptr, size, PROT_READ, MAP_SHARED, counters.fd, 0));
  ASSERT_NE(read, MAP_FAILED);
  pages->counters().lcore[1].turns.add(12);
  EXPECT_EQ(read->lcore[1].turns.get(), 12U);
  EXPECT_EQ(read->magic, config::kCounterPageMagic);
  EXPECT_EQ(read->page_size, size);
  EXPECT_EQ(read->pending_capacity, 768U);
  for (const uint32_t limit : {read->waiting_capacity, read->delivery_capacity, read->answer_capacity,
                               read->chase_capacity, read->share_capacity, read->ring_capacity})
    EXPECT_GE(limit, 256U);
  munmap(const_cast<config::CounterPage*>(read), size);

  void* written = mmap(nullptr, sizeof(config::EndpointStatePage), PROT_READ | PROT_WRITE, MAP_SHARED, endpoints.fd, 0);
  ASSERT_NE(written, MAP_FAILED);
  static_cast<config::EndpointStatePage*>(written)->heartbeat_ns.store(5);
  EXPECT_EQ(pages->endpoints().heartbeat_ns.load(), 5U);
  munmap(written, sizeof(config::EndpointStatePage));
}

TEST_F(ControlLinkTest, TheSocketsPath) {
  struct stat status {};
  const std::string path = folder / "run/dataplane.sock";
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);  // control has a user of its own; who else is of the group is turned away
  // While we answer there, another dataplane is refused and must not take the path away.
  const auto second = listen();
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("another penstock-dataplane"), std::string::npos);
  const FileDescriptor socket = dial();
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  link.reset();
  EXPECT_NE(stat(path.c_str(), &status), 0);
  // What a killed one left behind is replaced.
  const FileDescriptor left(::socket(AF_UNIX, SOCK_SEQPACKET, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(left.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  link.emplace(listen().value());
  control();
}

}  // namespace
}  // namespace penstock::test
