#!/usr/bin/env bash
# Builds the Helm that the tests of the chart run, once, from its published Go module.
#
#   build.sh           build it where it is missing; else nothing to do
#   build.sh --print   print the path of the program
#
# It lies in the user's cache, outside the clone, so that a fresh clone finds it again. The folder's
# name says the version and changes with anything that could change the program.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly go_minor_needed=26

fail() {
  printf 'helm: %s\n' "$*" >&2
  exit 1
}

program() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache} version digest
  version=$(sed -n 's|^.*helm\.sh/helm/v4 \(v[0-9][0-9.]*\).*|\1|p' "$here/go.mod")
  [[ -n $version ]] || fail "go.mod names no version of helm.sh/helm/v4"
  digest=$(cat "$here"/{build.sh,go.mod,go.sum} | sha256sum | cut -c1-12)
  printf '%s/ebbtide/helm/%s-%s/helm\n' "$cache" "$version" "$digest"
}

require_go() {
  local need="Go 1.$go_minor_needed or newer" version minor
  command -v go >/dev/null || fail "no 'go' on the PATH: install $need, then run this again"
  version=$(go env GOVERSION)
  minor=${version#go1.}
  minor=${minor%%[!0-9]*}
  ((minor >= go_minor_needed)) || fail "$version is too old: install $need, then run this again"
}

# What Go says is kept for the case that it fails. Its build cache is one of our own: it outlives an
# interrupted build and goes when all is built, while the user's own cache does not grow.
build() {
  local helm=$1 out=${1%/*} started=$SECONDS
  printf 'helm: building into %s (3 minutes on two cores, once)\n' "$out"
  export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off GOCACHE=$out/.build-cache
  if ! (cd "$here" && exec go build -mod=readonly -trimpath -ldflags '-s -w' \
    -o "$out/.draft" helm.sh/helm/v4/cmd/helm) &>"$out/.log"; then
    cat "$out/.log" >&2
    fail "it could not be built"
  fi
  mv "$out/.draft" "$helm"
  rm -rf "$out/.log" "$GOCACHE"
  printf 'helm: %d s  %s\n' $((SECONDS - started)) "$(du -h "$helm" | cut -f1)"
}

main() {
  local helm
  helm=$(program)
  case ${1:-} in
    --print) printf '%s\n' "$helm" && return ;;
    '') ;;
    *) fail "unknown argument '$1': only --print is known" ;;
  esac
  [[ ! -x $helm ]] || return 0
  require_go
  mkdir -p "${helm%/*}"
  exec 9>"${helm%/*}/.lock"
  ! command -v flock >/dev/null || flock 9 # a second build waits and then finds it there
  [[ -x $helm ]] || build "$helm"
}

main "$@"
exit # an edit of this file while it runs must not be read as more of it
