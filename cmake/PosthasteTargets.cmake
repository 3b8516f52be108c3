# One function per kind of target, so that a folder's CMakeLists.txt says only what is in it.

option(POSTHASTE_BUILD_TOOLS "Build the posthaste command" ${PROJECT_IS_TOP_LEVEL})
option(POSTHASTE_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(POSTHASTE_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(POSTHASTE_BUILD_BENCH "Build the benchmarks" OFF)
option(POSTHASTE_BUILD_FUZZERS "Build the fuzz targets (clang)" OFF)
option(POSTHASTE_PRECOMPILE "Precompile the standard library; a tree without it tells which include is missing" OFF)
option(POSTHASTE_CHECK_TREE "Test the tree and the installed package too, not only the code" OFF)

find_package(Threads REQUIRED)
set(POSTHASTE_SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}/..)

# posthaste_library(<folder noun> [CAF] SOURCES a.cpp ... [PUBLIC targets...] [PRIVATE targets...])
# A static, position-independent, hidden library `posthaste_<noun>`; PosthasteShared.cmake links them all into one.
function(posthaste_library noun)
  cmake_parse_arguments(ARG "CAF" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target posthaste_${noun})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  # What a host never reaches (unused parts of header-only libraries) is left out of the shared library.
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  target_include_directories(${target} PUBLIC
    ${POSTHASTE_SOURCE_DIR} ${POSTHASTE_SOURCE_DIR}/api/include)
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} Threads::Threads)
  if(ARG_CAF)
    posthaste_precompile_caf(${target})
  else()
    posthaste_precompile_standard(${target})
  endif()
  posthaste_watch_coverage(${target})
  set_property(GLOBAL APPEND PROPERTY POSTHASTE_LIBRARIES ${target})
endfunction()

# posthaste_program(<name> SOURCES a.cpp ... [LINK targets...] [INSTALL])
# A command `<name>` in bin/ of the build tree (target `<name>_program`).
function(posthaste_program name)
  cmake_parse_arguments(ARG "INSTALL" "" "SOURCES;LINK" ${ARGN})
  set(target ${name}_program)
  add_executable(${target} ${ARG_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_include_directories(${target} PRIVATE ${POSTHASTE_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE ${ARG_LINK} Threads::Threads)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name}
    CXX_EXTENSIONS OFF
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")  # finds its library wherever both are put
  if(ARG_INSTALL)
    install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# posthaste_watch_coverage(<target>)
# libFuzzer sees which branches of this target an input took. Not for test sources: it doubles their object code.
function(posthaste_watch_coverage target)
  if(POSTHASTE_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# posthaste_precompiled_by(<target>): what clang needs to read and write precompiled headers that ccache can keep,
# and to instantiate their templates once.
function(posthaste_precompiled_by target)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)  # or a fresh clone's newer files do not fit what ccache kept
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp" -fpch-instantiate-templates)
  endif()
endfunction()

# posthaste_precompile_standard(<target>)
# The standard library, precompiled once for all libraries: a quarter of the time of a source.
function(posthaste_precompile_standard target)
  if(NOT POSTHASTE_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET posthaste_standard_precompiled)
    set(empty ${PROJECT_BINARY_DIR}/standard_precompiled.cpp)
    file(CONFIGURE OUTPUT ${empty} CONTENT "")
    add_library(posthaste_standard_precompiled OBJECT ${empty})
    target_compile_features(posthaste_standard_precompiled PRIVATE cxx_std_20)
    set_target_properties(posthaste_standard_precompiled PROPERTIES
      POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_link_libraries(posthaste_standard_precompiled PRIVATE Threads::Threads)
    posthaste_precompiled_by(posthaste_standard_precompiled)
    posthaste_watch_coverage(posthaste_standard_precompiled)
    target_precompile_headers(posthaste_standard_precompiled PRIVATE
      ${POSTHASTE_SOURCE_DIR}/tests/support/precompiled_standard.h)
  endif()
  set_target_properties(${target} PROPERTIES  # as the precompiled ones
    POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  posthaste_precompiled_by(${target})
  target_precompile_headers(${target} REUSE_FROM posthaste_standard_precompiled)
endfunction()

# posthaste_precompile_caf(<target>)
# CAF's headers cost 3 s in every source; precompiled once for this target (7 s), next to nothing.
function(posthaste_precompile_caf target)
  posthaste_precompiled_by(${target})
  target_precompile_headers(${target} PRIVATE ${POSTHASTE_SOURCE_DIR}/actors/caf_pch.h)
endfunction()

# posthaste_precompile_tests(<target>)
# GoogleTest and the standard library, precompiled once for all tests: a third of the time of a small one.
function(posthaste_precompile_tests target)
  target_compile_options(${target} PRIVATE -O0)  # a test runs once for each time it is compiled
  posthaste_precompiled_by(${target})
  if(NOT TARGET posthaste_tests_precompiled)
    set(empty ${PROJECT_BINARY_DIR}/tests_precompiled.cpp)
    file(CONFIGURE OUTPUT ${empty} CONTENT "")
    add_library(posthaste_tests_precompiled OBJECT ${empty})
    target_compile_features(posthaste_tests_precompiled PRIVATE cxx_std_20)
    target_compile_options(posthaste_tests_precompiled PRIVATE -O0)
    target_include_directories(posthaste_tests_precompiled PRIVATE ${POSTHASTE_SOURCE_DIR})
    posthaste_precompiled_by(posthaste_tests_precompiled)
    target_link_libraries(posthaste_tests_precompiled PRIVATE GTest::gmock Threads::Threads)
    target_precompile_headers(posthaste_tests_precompiled PRIVATE
      ${POSTHASTE_SOURCE_DIR}/tests/support/precompiled.h)
  endif()
  target_precompile_headers(${target} REUSE_FROM posthaste_tests_precompiled)
endfunction()

# posthaste_test(<name> SOURCES a_test.cpp ... [LINK targets...] [LABELS labels...])
# A GoogleTest program `<name>_test` in the tree of ctest. Label `tsan`: also run under ThreadSanitizer (it has threads, and no CAF in it).
function(posthaste_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT POSTHASTE_BUILD_TESTS)
    return()
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_compile_features(${name}_test PRIVATE cxx_std_20)
  target_link_libraries(${name}_test PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  posthaste_precompile_tests(${name}_test)
  add_test(NAME ${name} COMMAND ${name}_test)
  # Scratch files of its own: another clone's tests may run at the same time.
  set(scratch ${CMAKE_CURRENT_BINARY_DIR}/${name}_scratch)
  file(MAKE_DIRECTORY ${scratch})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT 120 LABELS "${ARG_LABELS}" ENVIRONMENT "TEST_TMPDIR=${scratch}/")
  foreach(label IN LISTS ARG_LABELS)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})  # builds what `ctest -L <label>` runs
    endif()
    add_dependencies(tests_${label} ${name}_test)
  endforeach()
endfunction()

# posthaste_fuzzer(<name> SOURCES a_fuzz.cpp ... [LINK targets...])
# A libFuzzer program `<name>_fuzzer` over the seeds in tests/fuzz/corpus/<name>; `ctest -L fuzz` runs each for a while.
set(POSTHASTE_FUZZ_SECONDS 1 CACHE STRING "How long ctest runs each fuzz target")
function(posthaste_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(NOT POSTHASTE_BUILD_FUZZERS)
    return()
  endif()
  add_executable(${name}_fuzzer ${ARG_SOURCES})
  target_compile_features(${name}_fuzzer PRIVATE cxx_std_20)
  target_link_libraries(${name}_fuzzer PRIVATE ${ARG_LINK})
  posthaste_watch_coverage(${name}_fuzzer)
  target_link_options(${name}_fuzzer PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/${name}_found)
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz_${name} COMMAND ${name}_fuzzer
    -max_total_time=${POSTHASTE_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
    -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/${name}_
    ${found} ${POSTHASTE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  math(EXPR limit "${POSTHASTE_FUZZ_SECONDS} + 60")
  set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT ${limit} LABELS fuzz)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name}_fuzzer)
endfunction()
