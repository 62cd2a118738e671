#include "control/import/compare.h"

#include <gtest/gtest.h>

#include "config/read/read_model.h"
#include "control/import/write/yaml_writer.h"
#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

struct Case {
  std::string description;
  Source (*read)(const Paths&, const Files&);
  std::string text;
  std::string result;  // what is printed
};

TEST(ImportCompare, NamesThatGoElsewhere) {
  const Case cases[] = {
      {"the same", read_dnsmasq, "no-resolv\nno-hosts\nserver=192.168.10.2\nserver=/a.example/10.1.1.1\n",
       "5 names compared, 0 differ\n"},
      {"the order of lines", read_dnsdist,
       "newServer('192.168.10.2')\nnewServer{address='10.1.1.1', pool='p'}\naddAction('example', "
       "PoolAction('p'))\naddAction('a.example', DropAction())\n",
       "7 names compared, 0 differ\n"},
      {"a port", read_dnsmasq, "no-resolv\nno-hosts\nserver=192.168.10.2\nserver=/consul/127.0.0.1#8600\n",
       "consul: 127.0.0.1#8600 before, refused here\ncompare.consul: 127.0.0.1#8600 before, refused here\n4 names "
       "compared, 2 differ\n"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    const Source source = one.read({"f"}, test::memory_files({{"f", one.text}}));
    const auto read = config::read_model_text(write_yaml(source).yaml, "import.yaml");
    ASSERT_TRUE(read.model);
    EXPECT_EQ(to_text(compare(source, *read.model, {})), one.result);
  }
}

}  // namespace
}  // namespace penstock::imports
