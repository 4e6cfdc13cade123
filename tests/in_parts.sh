#!/usr/bin/env bash
# Runs the whole suite in two parts side by side: in_parts.sh COVERAGE, the program that measures it.
#
# Tests with real servers mostly wait, and the others reckon. A server that answers late would fail
# a test: what only reckons gives way to it (nice).
#
# The others are seen as they go on. What those with servers say is in build/test/servers.log, and
# shown at the end. Both run to their end, and whichever fails fails the whole.
set -uo pipefail
set -m # each part is a process group of its own, so that Ctrl-C reaches it once: from here
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly coverage=$1 log=build/test/servers.log
pids=() failed=()

# begin NAME WHAT...: let a part run beside those that do already
begin() {
  local name=$1
  shift
  "$coverage" run -m pytest -o "cache_dir=.pytest_cache/$name" "$@" </dev/null &
  pids+=($!)
}

# interrupt SIGNAL: end both parts by it
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

mkdir -p "$(dirname "$log")"
trap 'interrupt INT' INT
trap 'interrupt TERM' TERM HUP
export OPENBLAS_NUM_THREADS=1 # more than one would only spin beside the other part

begin servers tests/{cluster,integration,deploy} >"$log" 2>&1
renice --priority 5 $$ >/dev/null # and so what begins from here on
begin others tests --ignore=tests/{cluster,integration,deploy}

wait "${pids[1]}" || failed+=(others)
wait "${pids[0]}" || failed+=(servers)
printf '\n=== servers\n'
cat "$log"
((${#failed[@]} == 0)) || { echo "failed: ${failed[*]}" >&2 && exit 1; }
