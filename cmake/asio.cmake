# Asio is headers only, so its definitions are those of all who include it. Version 1.22 decides by the order of a file's includes whether it
# allocates by new or by aligned_alloc: files of one program must not differ in that.
add_library(penstock_asio INTERFACE)
target_compile_definitions(penstock_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_libraries(penstock_asio INTERFACE Threads::Threads)
