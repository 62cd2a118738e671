# Warnings are errors in our own code; what we include from packages is SYSTEM.
add_library(penstock_flags INTERFACE)
target_include_directories(penstock_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(penstock_flags INTERFACE -Wall -Wextra -Werror -march=${PENSTOCK_ARCH} -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Flexible array members and designated padding in the wire structs are deliberate.
  target_compile_options(penstock_flags INTERFACE -Wno-flexible-array-extensions)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 raises it falsely on "literal" + std::string (its bug 105651).
  target_compile_options(penstock_flags INTERFACE -Wno-restrict)
endif()
if(PENSTOCK_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # TSan does not see fences. Ours (config/contract/endpoint_state.h) order atomics only, so it has nothing to report there.
  target_compile_options(penstock_flags INTERFACE -Wno-tsan)
endif()
# What runs for every packet has -O3 (penstock_hot), the rest need not be compiled that long: tests and what waits for the
# network and people have -O1 (penstock_cold), the parsing of a command line -O0. Half of a build was the optimizer at work on
# these. Line numbers for backtraces.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
add_library(penstock_hot INTERFACE)
target_compile_options(penstock_hot INTERFACE $<$<CONFIG:Release>:-O3>)
add_library(penstock_cold INTERFACE)
target_compile_options(penstock_cold INTERFACE $<$<CONFIG:Release>:-O1>)
if(PENSTOCK_SANITIZE)
  # Sanitizers triple what the optimizer has to do: clang took 46 s for eight path tests with -O1, 19 s without.
  target_compile_options(penstock_cold INTERFACE -O0)
endif()
add_library(penstock_once INTERFACE)
target_compile_options(penstock_once INTERFACE $<$<CONFIG:Release>:-O0>)
# What an attacker needs is made scarce: a stack that notices being overwritten, copies and indices with their bounds, no memory with
# what was there before, tables of the linker that nobody can write. tests/house/check_hardening reads the programs.
# A shadow stack is marked, IBT is not: Debian 12's own start-up code has no landing pad.
target_compile_options(penstock_flags INTERFACE -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
  $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(penstock_flags INTERFACE -ftrivial-auto-var-init=zero)
endif()
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-z,shstk)
# Without the optimizer there is nothing to fortify, and glibc says so.
target_compile_options(penstock_once INTERFACE -Wno-cpp)
if(PENSTOCK_SANITIZE)
  add_compile_options(-fsanitize=${PENSTOCK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PENSTOCK_SANITIZE})
endif()
if(PENSTOCK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
