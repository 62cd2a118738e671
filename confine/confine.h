// confine/confine.h - what a process may still do once it has all that it needs: both programs end their start with it.
//
//   confine::begin();                                   // first of all: nothing that we start gains rights
//   ... open ports, sockets, folders, threads ...
//   for (const auto& gap : confine::finish(limits)) spdlog::warn("{}", gap);
#pragma once

#include <span>
#include <string>
#include <vector>

namespace penstock::confine {

// Before any thread is made: they inherit it.
void begin();

struct Limits {
  std::vector<int> capabilities;      // that the calling thread keeps; no other thread keeps any
  std::vector<std::string> writable;  // folders in which files are made, written and removed; none elsewhere
  std::vector<std::span<const char* const>>
      system_calls;  // lists of names; others fail with EPERM, and the kernel logs them
};

// Of every thread of the process. Returns a line of English for each thing that this kernel or these rights do not allow; the
// others are in force. Sanitizers look into their own process: built with one, memory and system calls stay as they are.
std::vector<std::string> finish(const Limits& limits);

// Lists for Limits::system_calls: files, memory, threads, clocks; sockets.
std::span<const char* const> every_program();
std::span<const char* const> sockets();

}  // namespace penstock::confine
