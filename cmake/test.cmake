# penstock_test(zone_table SOURCES zone_table_test.cpp LIBRARIES penstock_tables): one binary, one ctest entry.
# One process for all of a binary's tests: an EAL is started once (gtest_discover_tests would start it per test).
# unit_tests: all of them.
add_custom_target(unit_tests)
function(penstock_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${TEST_LIBRARIES} GTest::gtest_main penstock_flags penstock_cold)
  add_dependencies(unit_tests ${name}_test)
  # Worlds run beside, and count what their clients wait. A test with a label may have one itself.
  if(TEST_LABELS)
    set(yield)
  else()
    set(yield nice -n 10)
  endif()
  add_test(NAME ${name} COMMAND ${yield} $<TARGET_FILE:${name}_test> WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${TEST_LABELS}" TIMEOUT 300
    # A test that skips itself has not passed: ctest says so, and tests/run counts it as failed.
    SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
endfunction()
