#include "control/import/host/host.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace penstock::imports {
namespace {

namespace fs = std::filesystem;

class ImportHost : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/import-host.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    root_ = folder;
  }
  void TearDown() override { fs::remove_all(root_); }

  void file(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  // `words`: with a blank between them.
  void process(int pid, std::string words, const std::string& folder = "/") {
    for (char& c : words)
      if (c == ' ') c = '\0';
    const std::string path = "proc/" + std::to_string(pid);
    file(path + "/cmdline", words + std::string(1, '\0'));
    fs::create_symlink(folder, root_ / path / "cwd");
  }
  // One line a server: "bind 812 /etc/bind/named.conf".
  std::vector<std::string> found() const {
    std::vector<std::string> lines;
    for (const HostServer& server : look_at_host(root_)) {
      std::string line = (server.kind.empty() ? server.program : server.kind) + " " + std::to_string(server.pid);
      for (const std::string& one : server.files) line += " " + one;
      lines.push_back(line);
    }
    return lines;
  }
  using Lines = std::vector<std::string>;
  fs::path root_;
};

TEST_F(ImportHost, Nothing) {
  EXPECT_EQ(found(), Lines{});
  EXPECT_EQ(status_of(look_at_host(root_)), 1);
  EXPECT_NE(to_text(look_at_host(root_)).find("no DNS server"), std::string::npos);
}

TEST_F(ImportHost, ProcessesSayWhereTheirFilesAre) {
  file("etc/bind/named.conf", "options { };\n");
  file("etc/unbound/unbound.conf", "server:\n");
  file("srv/Corefile", ". { }\n");
  file("jail/etc/n.conf", "options { };\n");
  process(10, "/usr/sbin/named -u bind");
  process(11, "/usr/sbin/named -t /jail -c /etc/n.conf");
  process(12, "unbound -d -p -c /etc/unbound/unbound.conf");
  process(13, "/usr/bin/coredns", "/srv");
  process(14, "/usr/bin/dnsdist --supervised -C/etc/d.conf");
  process(15, "/usr/bin/bash -c named");
  EXPECT_EQ(found(),
            (Lines{"bind 10 /etc/bind/named.conf", "bind 11 /jail/etc/n.conf", "unbound 12 /etc/unbound/unbound.conf",
                   "coredns 13 /srv/Corefile", "dnsdist 14 /etc/d.conf"}));
  EXPECT_EQ(status_of(look_at_host(root_)), 2);  // /etc/d.conf is not there
  EXPECT_NE(to_text(look_at_host(root_)).find("/etc/d.conf cannot be read"), std::string::npos);
}

TEST_F(ImportHost, DnsmasqWithFoldersAndOptions) {
  file("etc/dnsmasq.conf", "# nothing\n");
  file("etc/dnsmasq.d/a", "no-resolv\n");
  file("etc/dnsmasq.d/b.dpkg-old", "no-resolv\n");
  file("etc/dnsmasq.d/README", "read me\n");
  process(20,
          "/usr/sbin/dnsmasq -x /run/dnsmasq.pid -7 /etc/dnsmasq.d,.dpkg-dist,.dpkg-old -r /run/r.conf --local-service "
          "--server=/a.example/10.1.1.1");
  process(21,
          "/usr/sbin/dnsmasq -x /run/dnsmasq.pid -7 /etc/dnsmasq.d,.dpkg-dist,.dpkg-old -r /run/r.conf --local-service "
          "--server=/a.example/10.1.1.1");
  EXPECT_EQ(found(), (Lines{"dnsmasq 20 /etc/dnsmasq.conf /etc/dnsmasq.d/a"}));
  const auto servers = look_at_host(root_);
  const std::string text = to_text(servers);
  EXPECT_EQ(status_of(servers), 0);
  EXPECT_NE(text.find("penstockctl import dnsmasq /etc/dnsmasq.conf /etc/dnsmasq.d/a --verify -o penstock.yaml"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("add 'resolv-file=/run/r.conf'"), std::string::npos) << text;
  EXPECT_NE(text.find("'--server=/a.example/10.1.1.1' on its command line is not imported"), std::string::npos) << text;
  EXPECT_EQ(text.find("--local-service"), std::string::npos) << text;
}

TEST_F(ImportHost, WhatIsConfiguredAndDoesNotRun) {
  file("etc/dnsmasq.conf", "# as it came\n");
  file("etc/named.conf", "options { };\n");
  EXPECT_EQ(found(), (Lines{"bind 0 /etc/named.conf"}));
  EXPECT_EQ(status_of(look_at_host(root_)), 0);
}

TEST_F(ImportHost, ServersWithoutAnImport) {
  file("run/systemd/resolve/resolv.conf", "nameserver 192.168.10.2\nnameserver 192.168.10.3\n");
  process(30, "/lib/systemd/systemd-resolved");
  EXPECT_NE(to_text(look_at_host(root_)).find("it asks 192.168.10.2, 192.168.10.3"), std::string::npos);
  EXPECT_EQ(status_of(look_at_host(root_)), 1);
  file("etc/named.conf", "options { };\n");
  EXPECT_EQ(status_of(look_at_host(root_)), 0);
  process(31, "/usr/sbin/pdns_recursor");
  EXPECT_EQ(status_of(look_at_host(root_)), 1);
  EXPECT_NE(to_text(look_at_host(root_)).find("pdns_recursor runs, pid 31: there is no import"), std::string::npos);
}

TEST_F(ImportHost, AProcessWithAnotherRoot) {
  file("pod/etc/coredns/Corefile", ". { }\n");
  process(40, "/coredns -conf /etc/coredns/Corefile");
  fs::create_symlink(root_ / "pod", root_ / "proc/40/root");
  const auto servers = look_at_host(root_);
  ASSERT_EQ(servers.size(), 1U);
  EXPECT_EQ(servers[0].files, (Lines{"/proc/40/root/etc/coredns/Corefile"}));
  EXPECT_NE(to_text(servers).find("in a container"), std::string::npos);
}

}  // namespace
}  // namespace penstock::imports
