# ./dev test [tree...]: one build tree for each way of looking at the same tests; without a name, all.
#
#   dev          all tests, and the tree itself: layers, exports, installed package, documents
#   asan-ubsan   all tests again, for memory errors and undefined behaviour, and every parser of outside bytes
#                for a few seconds over its corpus (clang)
#   tsan         the tests labelled `tsan`: those with threads, but for CAF, whose library is not instrumented
#   fuzz         the parsers alone, optimised; only by name

passed=0
failed=0
failures=()  # what a person wants to read first, for the end

run_all_tests() {
  local trees=("$@") tree
  ((${#trees[@]})) || trees=(dev asan-ubsan tsan)
  jobs=$(jobs_that_fit)
  for tree in "${trees[@]}"; do
    case $tree in
      dev) build_tree dev all all_verify_interface_header_sets && test_tree dev ;;
      asan-ubsan) build_tree asan-ubsan all && test_tree asan-ubsan ;;
      tsan) build_tree tsan tests_tsan && test_tree tsan --label-regex '^tsan$' ;;
      fuzz) build_tree fuzz fuzzers && test_tree fuzz --label-regex '^fuzz$' ;;
      *) say "there is no tree '$tree'; there are dev, asan-ubsan, tsan and fuzz"; return 2 ;;
    esac
    ((built)) || break  # what does not compile here will not compile there
  done
  ((${#failures[@]})) && printf '\n%s' "${failures[@]}"
  printf '\n%d%% tests passed, %d tests failed out of %d\n' \
    $((passed + failed == 0 ? 0 : 100 * passed / (passed + failed))) "$failed" $((passed + failed))
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
}

# build_tree <preset> <targets...>: a tree that does not build counts as one failed test.
build_tree() {
  local preset=$1
  shift
  built=1
  step "configure $preset" cmake --preset "$preset" &&
    step "build $preset" cmake --build "build/$preset" --parallel "$jobs" --target "$@" && return
  built=0
  failed=$((failed + 1))
  return 1
}

# test_tree <preset> <selection for ctest...>
test_tree() {
  local preset=$1 summary lost total
  shift
  # One more than there are processors: tests wait for one another's ends of a connection, or for a disk.
  step "test $preset" "${without_address_randomisation[@]}" ctest --test-dir "build/$preset" \
    --parallel $(($(nproc) + 1)) --output-on-failure --no-tests=error "$@"
  summary=$(grep -E '[0-9]+ tests failed out of [0-9]+' "$(log_of "test $preset")")
  if [[ $summary =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    lost=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
  else
    lost=1 total=1
  fi
  printf '  %s: %d of %d tests passed\n' "$preset" $((total - lost)) "$total"
  failed=$((failed + lost))
  passed=$((passed + total - lost))
  ((lost)) && failures+=("$(failures_in "$preset" "$(log_of "test $preset")")")
  return 0
}

# failures_in <preset> <log of ctest>: the names of what failed, and what was expected there
failures_in() {
  printf 'failed in %s:\n' "$1"
  grep -E '\*\*\*(Failed|Timeout|Exception|Not Run)|^\[  FAILED  \] [A-Za-z]' "$2" | sort -u | head -n 20
  grep -A 6 -E ': Failure$|ERROR: (Address|Leak|Thread|lib)|runtime error:|^Traceback' "$2" | head -n 60
}

# ThreadSanitizer of gcc 12 cannot place its shadow beside some randomised layouts.
without_address_randomisation=()
if setarch -R true 2>/dev/null; then without_address_randomisation=(setarch -R); fi

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1
