#!/usr/bin/env bash
# The platform's own code, for tests that hold kiln against it: `platform.sh RELEASE PYTHON` makes a virtual
# environment with that release's packages in the lab's cache, and prints the path of its Python. Ends with 75, and
# with the reason as its last line, where there is no such Python.
set -euo pipefail
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

UV_VERSION=0.9.2
PLATFORM=$KILN_LAB/platform
export UV_CACHE_DIR=$PLATFORM/cache UV_PYTHON_INSTALL_DIR=$PLATFORM/pythons UV_NO_PROGRESS=1

none() {
    printf '%s\n' "$1" >&2
    exit 75
}

get_uv() {
    [[ ! -x $PLATFORM/uv/bin/uv || $(cat "$PLATFORM/uv/.version" 2>/dev/null) != "$UV_VERSION" ]] || return 0
    python3 -m pip --version >/dev/null 2>&1 || none "there is no pip to fetch uv with"
    rm -rf "$PLATFORM/uv"
    logged platform-uv python3 -m pip install --quiet --no-deps --target "$PLATFORM/uv" "uv==$UV_VERSION" ||
        none "uv $UV_VERSION could not be fetched"
    printf '%s\n' "$UV_VERSION" >"$PLATFORM/uv/.version"
}

# runs FILE VERSION tells whether a file is a Python of that version. Shims of version managers
# are files, too, and run nothing.
runs() {
    [[ -x $1 && $("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$2" ]]
}

# find_python VERSION prints one that is here: of this machine, of pyenv, or fetched earlier by uv.
find_python() {
    local file
    for file in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python \
        "$PLATFORM/pythons/cpython-$1".*/bin/python3; do
        if runs "$file" "$1"; then
            printf '%s\n' "$file"
            return 0
        fi
    done
    return 1
}

environment() {
    local release=$1 version=$2 python folder=$PLATFORM/$1
    if [[ -e $folder/.complete ]] && runs "$folder/bin/python" "$version"; then
        printf '%s\n' "$folder/bin/python"
        return 0
    fi
    mkdir -p "$PLATFORM"
    get_uv
    if ! python=$(find_python "$version"); then
        say "fetching Python $version"
        logged "platform-python-$version" timeout 300 "$PLATFORM/uv/bin/uv" python install "$version" || true
        python=$(find_python "$version") ||
            none "there is no Python $version on this machine, and uv could not fetch one"
    fi
    say "installing the platform's release $release for $python"
    rm -rf "$folder"
    logged "platform-$release" "$PLATFORM/uv/bin/uv" venv --quiet --python "$python" "$folder"
    logged "platform-$release" "$PLATFORM/uv/bin/uv" pip install --quiet --python "$folder/bin/python" \
        "backend.ai-manager==$release"
    # Of these only files are read: what the agent has programs for, and which runners there are.
    logged "platform-$release" "$PLATFORM/uv/bin/uv" pip install --quiet --no-deps --python "$folder/bin/python" \
        "backend.ai-agent==$release" "backend.ai-kernel==$release" "backend.ai-kernel-binary==$release"
    : >"$folder/.complete"
    printf '%s\n' "$folder/bin/python"
}

[[ $# == 2 ]] || die "usage: platform.sh RELEASE PYTHON"
make_cache
# One at a time: the releases share uv and its cache.
exec 8>"$KILN_LAB/run/platform.lock"
flock 8
environment "$1" "$2"
