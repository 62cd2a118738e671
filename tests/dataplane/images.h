// tests/dataplane/images.h - rule images for the tests of publishing: compiled by control, sealed or deliberately not.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

#include "config/read/read_model.h"
#include "control/rules/compile.h"

namespace penstock::test {

constexpr const char* kImageRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}]
listen: [192.168.10.86]
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}
  office: {kind: recursive, endpoints: [192.168.10.2]}
zones:
  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc}
  - {zone: ads.example, answer: nxdomain}
default: {pool: office}
)";

inline control::Compiled compile_text(const std::string& yaml, uint64_t generation) {
  const auto read = config::read_model_text(yaml, "test.yaml");
  if (!read.model) throw std::invalid_argument(config::to_text(read.findings.at(0)));
  uint16_t slot = 0;
  auto compiled = control::compile(
      *read.model, generation,
      [&](const config::Pool&, const config::Endpoint&) { return config::EndpointSlot{slot++}; }, 42);
  if (!compiled) throw std::invalid_argument(compiled.error());
  return std::move(*compiled);
}

struct FileDescriptor {
  explicit FileDescriptor(int owned) : fd(owned) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd(other.fd) { other.fd = -1; }
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (fd >= 0) close(fd);
  }
  int fd;
};

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

inline FileDescriptor memfd_of(std::span<const std::byte> image, int seals = kAllSeals) {
  FileDescriptor memfd(memfd_create("test-image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (::write(memfd.fd, image.data(), image.size()) != static_cast<ssize_t>(image.size()))
    throw std::runtime_error("memfd: short write");
  if (seals != 0) fcntl(memfd.fd, F_ADD_SEALS, seals);
  return memfd;
}

struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = "/tmp/penstock-test.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

}  // namespace penstock::test
