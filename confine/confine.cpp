#include "confine/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "confine/every_thread.h"

namespace penstock::confine {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string error_text(const std::string& what) {
  return what + ": " + strerror(errno);
}

// ---- capabilities

// As the kernel takes them: effective, permitted, inheritable, in two words.
bool set_capabilities(uint64_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (size_t word = 0; word < data.size(); ++word)
    data[word].effective = data[word].permitted = static_cast<uint32_t>(kept >> 32 * word);
  return syscall(SYS_capset, &header, data.data()) == 0;
}

uint64_t kept_by_caller = 0;

// Without CAP_SETPCAP nothing can be taken out, and nobody who lacks it can take more than it has.
bool empty_bounding_set() {
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept_by_caller >> capability & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;  // behind the last one
  }
  return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

// ---- files

int landlock_rules = -1;

bool enter_landlock() {
  return landlock_rules < 0 || syscall(SYS_landlock_restrict_self, landlock_rules, 0) == 0;
}

// What an other thread is left with.
bool give_up_all() {
  return set_capabilities(0) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && enter_landlock();
}

// Newer than Debian 12's headers.
constexpr uint64_t kRefer = uint64_t{1} << 13;
constexpr uint64_t kTruncate = uint64_t{1} << 14;

// Files are read as the user's rights say; they are made, written, removed or executed in `writable` only. -1 with errno: the kernel
// has no landlock.
int make_landlock_rules(const std::vector<std::string>& writable) {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return -1;
  uint64_t changes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                     LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (version >= 2) changes |= kRefer;
  if (version >= 3) changes |= kTruncate;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = changes | LANDLOCK_ACCESS_FS_EXECUTE;
  const int rules =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0));
  if (rules < 0) return -1;
  for (const std::string& folder : writable) {
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = changes;
    beneath.parent_fd = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (beneath.parent_fd < 0) continue;  // there is nothing to write to
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(beneath.parent_fd);
  }
  return rules;
}

// ---- system calls

class Filter {
 public:
  // What is not on the list is an error to its caller, and a line in the kernel's log. A name that this kernel's library does not
  // know is left out.
  explicit Filter(const std::vector<std::span<const char* const>>& lists)
      : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {
    if (context_ == nullptr) return;
    seccomp_attr_set(context_, SCMP_FLTATR_CTL_LOG, 1);
    seccomp_attr_set(context_, SCMP_FLTATR_CTL_TSYNC, 1);
    seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: lcores that sleep pay for each call
    for (const auto& list : lists)
      for (const char* name : list) allow(name);
  }
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  bool load() {
    if (context_ == nullptr) return false;
    const int failed = seccomp_load(context_);
    errno = -failed;
    return failed == 0;
  }

 private:
  void allow(const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;
    if (number != SCMP_SYS(mmap) && number != SCMP_SYS(mprotect) && number != SCMP_SYS(pkey_mprotect)) {
      seccomp_rule_add(context_, SCMP_ACT_ALLOW, number, 0);
      return;
    }
    // No memory that can be executed is made any more: neither writable, nor out of what was written.
    seccomp_rule_add(context_, SCMP_ACT_ALLOW, number, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  }

  scmp_filter_ctx context_;
};

constexpr int kSetMdwe = 65;  // PR_SET_MDWE, Linux 6.3
constexpr unsigned long kRefuseExecGain = 1;

}  // namespace

void begin() {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

std::vector<std::string> finish(const Limits& limits) {
  std::vector<std::string> gaps;
  const auto want = [&](bool done, const std::string& what) {
    if (!done) gaps.push_back(error_text(what));
  };
  kept_by_caller = 0;
  for (const int capability : limits.capabilities) kept_by_caller |= uint64_t{1} << capability;

  // It needs a capability that is about to go.
  want(empty_bounding_set() && in_every_other_thread(empty_bounding_set),
       "cannot empty the bounding set of capabilities");
  landlock_rules = make_landlock_rules(limits.writable);
  if (landlock_rules < 0)
    gaps.push_back("file writes are limited by the user's rights only: this kernel has no Landlock");
  want(in_every_other_thread(give_up_all), "a thread keeps its initial capabilities");
  want(set_capabilities(kept_by_caller), "cannot drop the initial capabilities");
  want(enter_landlock(), "file writes are limited by the user's rights only");
  if (landlock_rules >= 0) close(landlock_rules);
  if (kSanitized) return gaps;
  want(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "other processes can read our memory");
  prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0);  // the filter says the same, where the kernel has no such call
  Filter filter(limits.system_calls);
  want(filter.load(), "system calls are not filtered");
  return gaps;
}

}  // namespace penstock::confine
