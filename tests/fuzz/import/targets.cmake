# One target a reader of penstockctl import. Included: corpus and programs are beside those of other targets, where tests/fuzz/long looks.
function(fuzz_reader name folder file)
  penstock_fuzz(import_${name}
    SOURCES import/reader_fuzz.cpp
    LIBRARIES penstock_import penstock_config
    RUNS 5000
    SEEDS ${CMAKE_SOURCE_DIR}/tests/import/files/${folder}
    LENGTH 2048)
  target_compile_definitions(fuzz_import_${name} PRIVATE PENSTOCK_READER=read_${folder} PENSTOCK_FILE="${file}")
endfunction()
foreach(format bind unbound dnsmasq coredns windows aws dnsdist)
  fuzz_reader(${format} ${format} f)
endforeach()
fuzz_reader(dnsdist_yaml dnsdist f.yml)
