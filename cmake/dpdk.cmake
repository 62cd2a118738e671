# DPDK from Debian's pkg-config, taken apart: its -march=corei7 must not win over ours, its headers are SYSTEM.
find_package(PkgConfig REQUIRED)
pkg_check_modules(DPDK REQUIRED libdpdk)

add_library(penstock_dpdk_headers INTERFACE)
# Without pkg-config's "-include rte_config.h": DPDK's headers include it themselves, and after another -include GCC ignores precompiled
# headers without a word.
target_include_directories(penstock_dpdk_headers SYSTEM INTERFACE ${DPDK_INCLUDE_DIRS})
if(PENSTOCK_SANITIZE MATCHES "thread")
  # The rings of x86 use plain stores otherwise, which TSan cannot see through.
  target_compile_definitions(penstock_dpdk_headers INTERFACE RTE_USE_C11_MEM_MODEL)
endif()

add_library(penstock_dpdk INTERFACE)
# Drivers are plug-ins that EAL loads; of the virtual bus we call the library itself, and pkg-config does not name it.
find_library(DPDK_BUS_VDEV rte_bus_vdev REQUIRED)
target_link_libraries(penstock_dpdk INTERFACE penstock_dpdk_headers ${DPDK_LINK_LIBRARIES} ${DPDK_BUS_VDEV})
