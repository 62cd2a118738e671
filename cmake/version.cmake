# The version stands in project() and nowhere else. What runs says it with the commit that it was built from: the `.commit` of an archive,
# else what git says at configure time.
set(PENSTOCK_COMMIT "unknown")
if(EXISTS ${CMAKE_SOURCE_DIR}/.commit)
  file(STRINGS ${CMAKE_SOURCE_DIR}/.commit PENSTOCK_COMMIT LIMIT_COUNT 1)
else()
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} describe --always --dirty --match= --abbrev=12
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed EQUAL 0 AND described)
    set(PENSTOCK_COMMIT ${described})
  endif()
endif()

# penstock_version(FILE...): these sources have PENSTOCK_VERSION, "0.1.0 (1234567890ab)".
function(penstock_version)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS "PENSTOCK_VERSION=\"${PROJECT_VERSION} (${PENSTOCK_COMMIT})\"")
  set_property(SOURCE ${ARGN} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
