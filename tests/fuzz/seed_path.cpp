// tests/fuzz/seed_path.cpp - first inputs for path_fuzz: whole queries and responses of every kind, in the folder it is given.
#include <fstream>

#include "tests/support/frames.h"

using namespace penstock::test;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  unsigned number = 0;
  for (const char* name : {"d.studio.us-east-1.sagemaker.aws", "six.example", "x.blocked.example", "other.org",
                           "a.lab.example", "o.lab.example", "no.w.lab.example", "x.over.example"}) {
    for (const bool v6 : {false, true}) {
      for (const bool full : {false, true}) {
        Frame frame;
        frame.source = address(v6 ? "fd00::20" : "192.168.10.20");
        frame.destination = address(v6 ? "fd00::86" : "192.168.10.86");
        frame.source_port = full ? 53 : 4000;
        frame.destination_port = full ? 20000 : 53;
        if (full) frame.vlan = 7;
        DnsQuery query{.id = 1, .flags = 0x0100, .question = {.name = name}, .opt = {}};
        if (full) query.opt = Opt{};
        frame.payload = full ? answer_to(write(query)) : write(query);
        const Bytes bytes = write(frame);
        Bytes input{0x80, 0, 0};
        put16(input, 1, static_cast<uint16_t>(bytes.size()));
        input.insert(input.end(), bytes.begin(), bytes.end());
        std::ofstream(std::string(argv[1]) + "/" + std::to_string(number++), std::ios::binary)
            .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
      }
    }
  }
  return 0;
}
