# What a user or a reader can see of the tree is tested like code: who includes whom, what the library
# shows to its host, what is installed, what the documents say to run. `./dev format` lays out the sources.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

# posthaste_check(<name> COMMAND ...)
function(posthaste_check name)
  add_test(NAME ${name} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS tree TIMEOUT 300)
endfunction()

posthaste_check(layers
  COMMAND Python3::Interpreter tools/check_layers.py)
posthaste_check(layers_check_finds_planted_violations
  COMMAND Python3::Interpreter tests/tools/check_layers_test.py)
posthaste_check(sources_are_laid_out
  COMMAND ${PROJECT_SOURCE_DIR}/dev format --dry-run -Werror)
posthaste_check(library_shows_only_posthaste
  COMMAND Python3::Interpreter tools/check_library.py $<TARGET_FILE:posthaste>)
posthaste_check(public_headers_compile_alone
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target all_verify_interface_header_sets)
posthaste_check(public_headers_tell_of_misuse
  COMMAND Python3::Interpreter tests/api/misuse_test.py ${CMAKE_CXX_COMPILER} clang++-14)
posthaste_check(installed_package
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/install/run.sh ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER})
posthaste_check(docs_commands
  COMMAND Python3::Interpreter tools/check_docs.py --build ${PROJECT_BINARY_DIR} --cxx ${CMAKE_CXX_COMPILER})
posthaste_check(docs_check_finds_planted_faults
  COMMAND Python3::Interpreter tests/tools/check_docs_test.py)
posthaste_check(docs_name_tests_that_exist
  COMMAND Python3::Interpreter tests/tools/named_tests_test.py)
posthaste_check(fuzz_runs_tell_what_was_found
  COMMAND Python3::Interpreter tests/fuzz/run_test.py)
posthaste_check(library_check_finds_planted_symbols
  COMMAND Python3::Interpreter tests/tools/check_library_test.py --cxx ${CMAKE_CXX_COMPILER})

# A tenth more instructions on the hot paths than bench/recorded.json says is a regression.
string(REGEX MATCH "^[0-9]+" compiler_version ${CMAKE_CXX_COMPILER_VERSION})
posthaste_check(hot_paths_have_not_grown_dearer
  COMMAND Python3::Interpreter bench/guard.py --programs ${PROJECT_BINARY_DIR}/bench --build dev
    --compiler "${CMAKE_CXX_COMPILER_ID} ${compiler_version}")
set_tests_properties(hot_paths_have_not_grown_dearer PROPERTIES SKIP_RETURN_CODE 77)
posthaste_check(bench_scripts
  COMMAND Python3::Interpreter -m unittest discover --start-directory tests/bench --pattern "*_test.py")
