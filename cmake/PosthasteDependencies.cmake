# What the library is built on, in one place; every folder names these targets and finds nothing itself.
#   CAF::core  Boost::headers  OpenSSL::SSL  LMDB::LMDB  posthaste::gzip

set(POSTHASTE_GZIP "auto" CACHE STRING "Compressor of request bodies: isal, libdeflate, or auto (isal when present)")
set_property(CACHE POSTHASTE_GZIP PROPERTY STRINGS auto isal libdeflate)

find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CAF 0.17.6 REQUIRED)
find_package(LMDB REQUIRED)

# Header-only parts of Boost must not pull in their compiled twins.
set_property(TARGET Boost::headers APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS
  BOOST_ALL_NO_LIB BOOST_ERROR_CODE_HEADER_ONLY BOOST_ASIO_NO_DEPRECATED)

add_library(posthaste_gzip_choice INTERFACE)
add_library(posthaste::gzip ALIAS posthaste_gzip_choice)
if(NOT POSTHASTE_GZIP STREQUAL "libdeflate")
  find_package(ISAL QUIET)
endif()
if(ISAL_FOUND)
  set(posthaste_gzip_name "ISA-L")
  target_link_libraries(posthaste_gzip_choice INTERFACE ISAL::isal)
  target_compile_definitions(posthaste_gzip_choice INTERFACE POSTHASTE_GZIP_ISAL=1)
elseif(POSTHASTE_GZIP STREQUAL "isal")
  message(FATAL_ERROR "POSTHASTE_GZIP=isal, but ISA-L was not found: install libisal-dev, or set POSTHASTE_GZIP=libdeflate")
else()
  find_package(Libdeflate REQUIRED)
  set(posthaste_gzip_name "libdeflate")
  target_link_libraries(posthaste_gzip_choice INTERFACE Libdeflate::libdeflate)
  target_compile_definitions(posthaste_gzip_choice INTERFACE POSTHASTE_GZIP_LIBDEFLATE=1)
endif()

message(STATUS "posthaste ${PROJECT_VERSION}: CAF ${CAF_VERSION}, Boost ${Boost_VERSION}, "
  "OpenSSL ${OPENSSL_VERSION}, LMDB ${LMDB_LIBRARY}, gzip by ${posthaste_gzip_name}")
