#!/usr/bin/env bash
# Proves that native tools make what emulated programs make: `kiln prove` of the images that the arguments name, or of
# all in tests/proofs and a kernel of the recipes. Each takes minutes. It ends with one line for each. Used by `make prove`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [[ ${1:-} != inside ]]; then
    export KILN_LAB_SUITES="pythons resolute"
    exec "$here/lab" run -- "$here/prove.sh" inside "$@"
fi
shift
cd "$here/../.."
cargo build --release --locked
kiln=$PWD/target/release/kiln

images=("$@")
if ((${#images[@]} == 0)); then
    images=(proofs/apt:compiler proofs/apt:python proofs/apt:services proofs/pip:debian proofs/pip:official
        proofs/upgrade:numpy proofs/venv:it proofs/ubuntu:it lablup/kernel-python:3.11)
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
lines=() failed=0
for image in "${images[@]}"; do
    folder=.
    [[ $image != proofs/* ]] || folder=tests/proofs
    started=$SECONDS code=0
    (cd "$folder" && "$kiln" prove "$image" --progress=quiet --format=json) >"$report" || code=$?
    ((code == 0)) || failed=1
    said=$(jq -r '.images[] | "\(.platform) \(.entries) entries, \(.by_chance | length) by chance, \([.excused[] | length] | add // 0) excused, \(.differences | length) differences"' "$report") || said=
    [[ -n $said ]] || said="exit code $code"
    lines+=("$(printf '%-28s %s, %d s' "$image" "$said" $((SECONDS - started)))")
    printf '%s\n' "${lines[-1]}"
    ((code == 0)) || jq . "$report" >&2 || true
done
printf '\n'
printf '%s\n' "${lines[@]}"
exit "$failed"
