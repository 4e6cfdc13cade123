#!/usr/bin/env bash
# Builds the control plane that the cluster tests run against, once, from published Go modules.
#
#   build.sh           build what is missing; nothing to do when all of it is there
#   build.sh --print   print the folder of the binaries (the value for KUBEBUILDER_ASSETS)
#
# The folder lies in the user's cache, outside the clone, so that a fresh clone finds it again. Its
# name says the Kubernetes version and changes with anything that could change a binary.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly go_minor_needed=26

# binary, folder of its go.mod, package
readonly parts="
etcd                     etcd        go.etcd.io/etcd/server/v3
kwok                     kwok        sigs.k8s.io/kwok/cmd/kwok
kube-apiserver           kubernetes  k8s.io/kubernetes/cmd/kube-apiserver
kube-controller-manager  kubernetes  k8s.io/kubernetes/cmd/kube-controller-manager
kube-scheduler           kubernetes  k8s.io/kubernetes/cmd/kube-scheduler
kubectl                  kubernetes  k8s.io/kubernetes/cmd/kubectl
"

fail() {
  printf 'control plane: %s\n' "$*" >&2
  exit 1
}

kubernetes_version() {
  sed -n 's|^.*k8s\.io/kubernetes \(v[0-9][0-9.]*\).*|\1|p' "$here/kubernetes/go.mod"
}

digest_of_inputs() {
  (cd "$here" && cat build.sh ./*/go.mod ./*/go.sum) | sha256sum | cut -c1-12
}

folder() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}
  printf '%s/ebbtide/control-plane/%s-%s\n' "$cache" "$(kubernetes_version)" "$(digest_of_inputs)"
}

# Kubernetes learns its version from the linker; without it the server says v0.0.0-master.
linker_flags() {
  local version=$1 flags="-s -w" package minor
  minor=${version#v1.}
  minor=${minor%%.*}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
    flags+=" -X $package.gitTreeState=clean"
  done
  printf '%s\n' "$flags"
}

require_go() {
  local need="Go 1.$go_minor_needed or newer" version minor
  command -v go >/dev/null || fail "no 'go' on the PATH: install $need, then run this again"
  version=$(go env GOVERSION)
  minor=${version#go1.}
  minor=${minor%%[!0-9]*}
  ((minor >= go_minor_needed)) || fail "$version is too old: install $need, then run this again"
}

missing_parts() {
  local out=$1 name module package
  while read -r name module package; do
    [[ -z $name || -x $out/$name ]] || printf '%s %s %s\n' "$name" "$module" "$package"
  done <<<"$parts"
}

# One line a binary; what Go says is kept for the case that it fails.
build_part() {
  local out=$1 name=$2 module=$3 package=$4 started=$SECONDS
  local draft=$out/.$name.draft log=$out/.$name.log
  printf 'control plane: %-24s ' "$name"
  if ! (cd "$here/$module" && exec go build -mod=readonly -trimpath \
    -ldflags "$(linker_flags "$(kubernetes_version)")" -o "$draft" "$package") &>"$log"; then
    printf 'failed\n'
    cat "$log" >&2
    fail "$name could not be built"
  fi
  mv "$draft" "$out/$name"
  rm "$log"
  printf '%3d s  %s\n' $((SECONDS - started)) "$(du -h "$out/$name" | cut -f1)"
}

build_missing() {
  local out=$1 todo name module package
  todo=$(missing_parts "$out")
  [[ -n $todo ]] || return 0
  printf 'control plane: building into %s (10 minutes on two cores, once)\n' "$out"
  # A build cache of our own: it outlives an interrupted build and goes when all is built, while the
  # user's own cache does not grow.
  export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off GOCACHE=$out/.build-cache
  while read -r name module package; do
    build_part "$out" "$name" "$module" "$package"
  done <<<"$todo"
  rm -rf "$GOCACHE"
}

main() {
  local out
  [[ -n $(kubernetes_version) ]] || fail "kubernetes/go.mod names no version of k8s.io/kubernetes"
  out=$(folder)
  case ${1:-} in
    --print) printf '%s\n' "$out" && return ;;
    '') ;;
    *) fail "unknown argument '$1': only --print is known" ;;
  esac
  [[ -n $(missing_parts "$out") ]] || return 0
  require_go
  mkdir -p "$out"
  exec 9>"$out/.lock"
  ! command -v flock >/dev/null || flock 9 # a second build waits and then finds all of it there
  build_missing "$out"
}

main "$@"
exit # an edit of this file while it runs must not be read as more of it
