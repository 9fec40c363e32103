#!/usr/bin/env bash
# The demo: the ai-base family and one service on it, for two architectures, built
# by the lab's BuildKit, pushed to the lab's registry and read back. It ends with a
# table that asks the registry, with tools that are not kiln's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/common.sh
source "$here/common.sh"

DEMO_IMAGES=(cerebral/ai-base:cuda cerebral/ai-base:cpu cerebral/ai-services:latest)
DEMO_PLATFORMS=(linux/amd64 linux/arm64)
declare -A verified=() # by `kiln verify`

# step CMD… shows a command and runs it.
step() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# machine_of IMAGE@DIGEST prints what the ELF header of the image's /bin/sh says:
# e_machine is the two bytes at offset 18, little-endian on both architectures.
machine_of() {
    local file=$scratch/sh
    # Debian's /bin/sh leads to dash over two links; the tarball holds the program.
    # `|| true`: tar closes the pipe as soon as it has the file.
    crane export "$1" - 2>/dev/null |
        tar -x -O --occurrence=1 -f - usr/bin/dash >"$file" 2>/dev/null || true
    case $(od -A n -t u2 -j 18 -N 2 "$file" 2>/dev/null | tr -d ' ') in
        62) echo x86-64 ;;
        183) echo aarch64 ;;
        *) echo unknown ;;
    esac
}

# child IMAGE PLATFORM prints the manifest digest of the index entry.
child() {
    crane manifest "$1" | jq -r --arg platform "$2" '
        .manifests[] | select(.platform.os + "/" + .platform.architecture == $platform) | .digest'
}

line() { printf '%-28s %-12s %-13s %-7s %-8s %s\n' "$@"; }

# row IMAGE PLATFORM prints one line of the table; it fails where things disagree.
row() {
    local image=$KILN_LAB_REGISTRY/$1 platform=$2 digest architecture machine expected
    digest=$(child "$image" "$platform")
    architecture=$(crane config "${image%:*}@$digest" | jq -r .architecture)
    machine=$(machine_of "${image%:*}@$digest")
    case $platform in
        linux/amd64) expected='amd64 x86-64' ;;
        linux/arm64) expected='arm64 aarch64' ;;
    esac
    line "$1" "$platform" "${digest:7:12}" "$architecture" "$machine" "${verified[$1]:-no}"
    [[ "$architecture $machine ${verified[$1]:-no}" == "$expected yes" ]]
}

table() {
    local image platform failed=0
    printf '\n'
    line image platform manifest config /bin/sh verified
    for image in "${DEMO_IMAGES[@]}"; do
        for platform in "${DEMO_PLATFORMS[@]}"; do
            row "$image" "$platform" || failed=1
        done
    done
    return "$failed"
}

if [[ ${1:-} != inside ]]; then
    exec "$here/lab" run -- "$here/demo.sh" inside
fi

cd "$here/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
step cargo build --release --locked
step target/release/kiln build --push --set list=demo ai-base cerebral/ai-services:latest
for image in "${DEMO_IMAGES[@]}"; do
    step target/release/kiln verify "$KILN_LAB_REGISTRY/$image"
    verified[$image]=yes
done
table || die "the registry's images are not what their platforms say"
