# How ./dev shows its work: one line a step, the whole output in build/log/.

log_dir=build/log

say() { printf '%s\n' "$*"; }

# A log's name from a step's: "build dev" -> build/log/build-dev.log
log_of() { printf '%s/%s.log' "$log_dir" "$(tr -c 'a-zA-Z0-9\n' '-' <<<"$1")"; }

# step <title> <command...>: shows title, outcome and seconds; on failure also the errors in its log.
step() {
  local status
  one_line_step "$@" && return
  status=$?
  relevant_end "$(log_of "$1")"
  return $status
}

one_line_step() {
  local title=$1 log started=$SECONDS status
  log=$(log_of "$title")
  shift
  if [[ -t 1 ]]; then
    run_watched "$title" "$log" "$@"
  else
    "$@" >"$log" 2>&1 </dev/null
  fi
  status=$?
  if ((status == 0)); then
    printf '%-34s ok      %4d s\n' "$title" $((SECONDS - started))
  else
    printf '%-34s FAILED  %4d s   whole output: %s\n' "$title" $((SECONDS - started)) "$root/$log"
  fi
  return $status
}

# On a terminal the step's last line of output follows along.
run_watched() {
  local title=$1 log=$2 pid
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    printf '\r\e[K%-34s %.*s' "$title" $((${COLUMNS:-80} - 36)) "$(tail -n 1 "$log" | tr -d '\r')"
    sleep 0.5
  done
  printf '\r\e[K'
  wait "$pid"
}

# What a person wants of a failed step: its first errors, else its end. Where nobody can open the log: both, longer.
relevant_end() {
  local errors
  errors=$(grep -nE 'error:|CMake Error|FAILED|ERROR:|\*\*\*|: Failure$' "$1" | head -n 25)
  [[ -n $errors ]] && say "$errors"
  if [[ -n ${CI:-} ]]; then
    tail -n 200 "$1"
  elif [[ -z $errors ]]; then
    tail -n 25 "$1"
  fi
}

# Compilers beside each other: one a processor, and 1.2 GB each of the memory that is free, or that the cgroup allows.
jobs_that_fit() {
  local free_mb limit by_memory processors
  free_mb=$(awk '/MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null)
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit >> 20 < free_mb)); then free_mb=$((limit >> 20)); fi
  by_memory=$((free_mb / 1200))
  processors=$(nproc)
  echo $((by_memory < 1 ? 1 : by_memory < processors ? by_memory : processors))
}
