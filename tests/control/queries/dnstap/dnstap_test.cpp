#include "control/queries/dnstap/dnstap.h"

#include <dnstap.pb-c.h>
#include <fstrm.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

bool within_ten_seconds(const std::function<bool()>& done) {
  for (unsigned i = 0; i < 1000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// libfstrm's own reader behind a UNIX socket, one connection at a time.
class Collector {
 public:
  Collector(std::string path, std::string type = "protobuf:dnstap.Dnstap")
      : path_(std::move(path)), type_(std::move(type)) {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(path_.c_str());
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Collector() {
    stop_ = true;
    shutdown(listener_, SHUT_RDWR);
    if (const int fd = connection_; fd >= 0) shutdown(fd, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  uint64_t frames() const { return frames_; }
  bool is_finished() const { return finished_; }
  std::string identity() const { return identity_; }  // of the last frame; after its collector is_finished()
  void read(bool on) { reads_ = on; }

 private:
  static fstrm_res read_from(void* self, void* data, size_t size) {
    auto* to = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t got = ::read(static_cast<Collector*>(self)->connection_, to, size);
      if (got <= 0) return got == 0 ? fstrm_res_stop : fstrm_res_failure;
      to += got;
      size -= static_cast<size_t>(got);
    }
    return fstrm_res_success;
  }
  static fstrm_res write_to(void* self, const iovec* parts, int count) {
    return writev(static_cast<Collector*>(self)->connection_, parts, count) > 0 ? fstrm_res_success : fstrm_res_failure;
  }
  void run() {
    while (!stop_) {
      connection_ = accept(listener_, nullptr, nullptr);
      if (connection_ >= 0) serve();
    }
  }
  void serve() {
    fstrm_rdwr* calls = fstrm_rdwr_init(this);
    fstrm_rdwr_set_open(calls, [](void*) { return fstrm_res_success; });
    fstrm_rdwr_set_close(calls, [](void*) { return fstrm_res_success; });
    fstrm_rdwr_set_read(calls, read_from);
    fstrm_rdwr_set_write(calls, write_to);
    fstrm_reader_options* options = fstrm_reader_options_init();
    fstrm_reader_options_add_content_type(options, reinterpret_cast<const uint8_t*>(type_.data()), type_.size());
    fstrm_reader* reader = fstrm_reader_init(options, &calls);
    fstrm_reader_options_destroy(&options);
    if (fstrm_reader_open(reader) == fstrm_res_success) read_frames(reader);
    fstrm_reader_destroy(&reader);
    close(connection_.exchange(-1));
  }
  void read_frames(fstrm_reader* reader) {
    for (;;) {
      while (!reads_ && !stop_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const uint8_t* frame = nullptr;
      size_t size = 0;
      const fstrm_res result = fstrm_reader_read(reader, &frame, &size);
      if (result == fstrm_res_stop) finished_ = fstrm_reader_close(reader) == fstrm_res_success;
      if (result != fstrm_res_success) return;
      Dnstap__Dnstap* got = dnstap__dnstap__unpack(nullptr, size, frame);
      identity_.assign(reinterpret_cast<const char*>(got->identity.data), got->identity.len);
      dnstap__dnstap__free_unpacked(got, nullptr);
      ++frames_;
    }
  }

  const std::string path_;
  const std::string type_;
  int listener_ = -1;
  std::atomic<int> connection_{-1};
  std::atomic<bool> stop_{false};
  std::atomic<bool> reads_{true};
  std::atomic<bool> finished_{false};
  std::atomic<uint64_t> frames_{0};
  std::string identity_;
  std::thread thread_;
};

struct DnstapTest : testing::Test {
  DnstapTest() {
    char made[] = "/tmp/penstock-dnstap-XXXXXX";
    folder = mkdtemp(made);
    page->started_at = static_cast<uint64_t>(time(nullptr)) + 1;
    model->dnstap.to = folder + "/c.sock";
    model->dataplane.identity = "fwd-1";
  }
  ~DnstapTest() override { std::filesystem::remove_all(folder); }
  void begin() {
    dnstap->use({.model = std::make_shared<config::Model>(*model), .generation = 7, .endpoints = {}});
    dnstap->attach({page.get(), [](const config::CounterPage*) {}});
  }
  void put(unsigned count) {
    for (unsigned i = 0; i < count; ++i) test::put(*page, 0, ++at, noted("www.example", "10.1.0.1"));
  }

  std::string folder;
  OwnedCounterPage page = new_page(1);
  std::shared_ptr<config::Model> model = std::make_shared<config::Model>();
  uint64_t at = 0;
  std::unique_ptr<Dnstap> dnstap = std::make_unique<Dnstap>();
};

TEST_F(DnstapTest, EachQueryIsTwoFramesAndTheEndIsSaid) {
  testing::internal::CaptureStdout();
  Collector collector(model->dnstap.to);
  put(10'000);
  begin();
  EXPECT_TRUE(within_ten_seconds([&] { return collector.frames() == 20'000; })) << collector.frames();
  EXPECT_TRUE(within_ten_seconds([&] { return dnstap->sent() == 10'000; }));
  put(5);
  dnstap.reset();
  EXPECT_TRUE(within_ten_seconds([&] { return collector.is_finished(); }));
  EXPECT_EQ(collector.frames(), 20'010U) << "a stop sends what is there";
  EXPECT_EQ(testing::internal::GetCapturedStdout().find("closed"), std::string::npos) << "a FINISH is heard";
  EXPECT_EQ(collector.identity(), "fwd-1");
}

TEST_F(DnstapTest, ACollectorThatComesLateGetsWhatTheRingHas) {
  put(100);
  begin();
  EXPECT_TRUE(within_ten_seconds([&] { return dnstap->failure() == "cannot connect: No such file or directory"; }))
      << dnstap->failure();
  Collector collector(model->dnstap.to);
  EXPECT_TRUE(within_ten_seconds([&] { return collector.frames() == 200; }));
  EXPECT_TRUE(within_ten_seconds([&] { return dnstap->failure().empty() && dnstap->sent() == 100; }));
  EXPECT_EQ(dnstap->lost(), 0U);
}

TEST_F(DnstapTest, ACollectorThatStopsReadingIsWaitedForByNobody) {
  Collector collector(model->dnstap.to);
  begin();
  put(10);
  EXPECT_TRUE(within_ten_seconds([&] { return dnstap->sent() == 10; }));
  collector.read(false);
  for (unsigned i = 0; i < 60; ++i) {
    put(5'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_TRUE(within_ten_seconds([&] { return dnstap->lost() > 100'000; })) << dnstap->lost();
  EXPECT_EQ(dnstap->failure(), "") << "it is there, and slow";
  collector.read(true);
  EXPECT_TRUE(within_ten_seconds([&] { return dnstap->sent() + dnstap->lost() == 300'010; }))
      << dnstap->sent() << " sent, " << dnstap->lost() << " lost";
  EXPECT_TRUE(within_ten_seconds([&] { return collector.frames() == 2 * dnstap->sent(); }));
  collector.read(false);
  put(20'000);
  const auto begun = std::chrono::steady_clock::now();
  dnstap.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5)) << "nor by a stop";
}

TEST_F(DnstapTest, ACollectorOfSomethingElseIsRefused) {
  Collector collector(model->dnstap.to, "protobuf:other");
  begin();
  EXPECT_TRUE(within_ten_seconds([&] {
    return dnstap->failure() == "the peer is no dnstap collector: it does not accept protobuf:dnstap.Dnstap" ||
           dnstap->failure() == "closed by the collector";
  })) << dnstap->failure();
}

TEST_F(DnstapTest, OtherSettingsGoToAnotherCollector) {
  Collector first(model->dnstap.to);
  begin();
  put(1);
  EXPECT_TRUE(within_ten_seconds([&] { return first.frames() == 2; }));
  model->dnstap.to = folder + "/other.sock";
  model->dnstap.identity = "other";
  Collector second(model->dnstap.to);
  begin();
  EXPECT_TRUE(within_ten_seconds([&] { return first.is_finished(); }));
  put(1);
  EXPECT_TRUE(within_ten_seconds([&] { return second.frames() == 2; }));
  dnstap.reset();
  EXPECT_EQ(second.identity(), "other");
  EXPECT_EQ(first.frames(), 2U);
}

}  // namespace
}  // namespace penstock::control::test
