# One function per kind of target, so that a folder's CMakeLists.txt says only what is in it.

option(POSTHASTE_BUILD_TOOLS "Build the posthaste command" ${PROJECT_IS_TOP_LEVEL})
option(POSTHASTE_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(POSTHASTE_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(POSTHASTE_BUILD_BENCH "Build the benchmarks" OFF)

find_package(Threads REQUIRED)
set(POSTHASTE_SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}/..)

# posthaste_library(<folder noun> SOURCES a.cpp ... [PUBLIC targets...] [PRIVATE targets...])
# A static, position-independent, hidden library `posthaste_<noun>`; api/ links them all into the shared one.
function(posthaste_library noun)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target posthaste_${noun})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} PUBLIC
    ${POSTHASTE_SOURCE_DIR} ${POSTHASTE_SOURCE_DIR}/api/include)
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} Threads::Threads)
endfunction()

# posthaste_test(<name> SOURCES a_test.cpp ... [LINK targets...] [LABELS labels...])
# A GoogleTest program `<name>_test` in the tree of ctest.
function(posthaste_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_compile_features(${name}_test PRIVATE cxx_std_20)
  target_link_libraries(${name}_test PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS "${ARG_LABELS}")
endfunction()
