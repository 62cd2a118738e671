# penstock_test(zone_table SOURCES zone_table_test.cpp LIBRARIES penstock_tables): one binary, one ctest entry.
# One process for all of a binary's tests: an EAL is started once (gtest_discover_tests would start it per test).
#
# tests/sanitized has those that meet a packet's bytes run under ASan and UBSan by clang (label core), and those with threads of ours under
# TSan by GCC (label threads; not those whose threads meet in DPDK's rings, which TSan does not see). Each is a target as well: tests_core,
# tests_threads.
set(core_tests config dns zone_table client_prefixes ruleset reverse_path state path choose inquiry fail_closed fail_closed_mutated)
# Random rules against ASan without the optimizer take ten times as long.
set(unit_timeout 300)
if(PENSTOCK_SANITIZE)
  set(unit_timeout 1200)
endif()
# Longest first, beside the worlds (COST 100): what starts last alone ends last.
set(long_tests fail_closed health admit)
set(threads_tests state publish slow slow_lane)
foreach(kind core threads)
  add_custom_target(tests_${kind})
endforeach()

# kinds_of(VARIABLE TEST)
function(kinds_of variable name)
  set(kinds)
  foreach(kind core threads)
    if(name IN_LIST ${kind}_tests)
      list(APPEND kinds ${kind})
    endif()
  endforeach()
  foreach(kind ${kinds})
    add_dependencies(tests_${kind} ${name}_test)
  endforeach()
  set(${variable} ${kinds} PARENT_SCOPE)
endfunction()

function(penstock_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${TEST_LIBRARIES} GTest::gtest_main penstock_flags penstock_cold)
  kinds_of(kinds ${name})
  # Worlds run beside, and count what their clients wait. A test with a label may have one itself.
  if(TEST_LABELS)
    set(yield)
  else()
    set(yield nice -n 10)
  endif()
  add_test(NAME ${name} COMMAND ${yield} $<TARGET_FILE:${name}_test> WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${kinds};${TEST_LABELS}" TIMEOUT ${unit_timeout}
    # A test that skips itself has not passed: ctest says so, and tests/run counts it as failed.
    SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
  if(name IN_LIST long_tests)
    set_tests_properties(${name} PROPERTIES COST 50)
  endif()
endfunction()
