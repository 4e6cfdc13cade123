#!/usr/bin/env bash
# Runs the whole suite in parts side by side: in_parts.sh COVERAGE, the program that measures it.
#
# Tests with real servers mostly wait, and the others reckon, so they share two processors well. A
# server that answers late would fail a test: what only reckons gives way to them (nice).
#
# The last part is seen as it goes on. What the others say is in build/test/PART.log, and shown once
# that one has ended. Each runs to its end, and whichever fails fails the whole.
set -uo pipefail
set -m # each part is a process group of its own, so that Ctrl-C reaches it once: from here
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly coverage=$1 logs=build/test
readonly cluster=(tests/cluster/test_[a-l]*.py)
readonly servers=(tests/cluster '--ignore-glob=tests/cluster/test_[a-l]*' tests/integration tests/deploy)
readonly commands=(tests/adapters tests/api tests/cli)
readonly others=(tests --ignore=tests/{cluster,integration,deploy,adapters,api,cli})
parts=() pids=() failed=()

# begin NAME WHAT...: let a part run beside those that do already
begin() {
  local name=$1
  shift
  "$coverage" run -m pytest -o "cache_dir=.pytest_cache/$name" "$@" </dev/null &
  parts+=("$name") pids+=($!)
}

# interrupt SIGNAL: end all parts by it
interrupt() {
  local pid
  trap '' INT TERM HUP
  for pid in "${pids[@]}"; do
    kill -s "$1" -- "-$pid" 2>/dev/null
  done
  wait
  echo "interrupted" >&2
  exit 130
}

mkdir -p "$logs"
trap 'interrupt INT' INT
trap 'interrupt TERM' TERM HUP
export OPENBLAS_NUM_THREADS=1 # more than one would only spin beside the other parts

begin cluster "${cluster[@]}" >"$logs/cluster.log" 2>&1
begin servers "${servers[@]}" >"$logs/servers.log" 2>&1
renice --priority 5 $$ >/dev/null # and so all that begin from here on
begin commands "${commands[@]}" >"$logs/commands.log" 2>&1
begin others "${others[@]}"

for number in 3 2 1 0; do
  name=${parts[$number]}
  wait "${pids[$number]}" || failed+=("$name")
  if ((number < 3)); then
    printf '\n=== %s\n' "$name"
    cat "$logs/$name.log"
  fi
done

((${#failed[@]} == 0)) || { echo "failed: ${failed[*]}" >&2 && exit 1; }
