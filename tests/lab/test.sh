#!/usr/bin/env bash
# Runs cargo's tests and closes with one line that sums all their results:
# "N passed, N failed, N skipped". Arguments go to cargo. Used by `make test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
# All test programs run, even after one of them failed, so that the sum is whole.
cargo test --locked --no-fail-fast --color never "$@" 2>&1 | tee "$output" || status=$?

# cargo prints "test result: ok. 12 passed; 0 failed; 1 ignored; …" per program.
read -r passed failed skipped < <(awk '
    /^test result: / {
        for (i = 2; i <= NF; i++) {
            if ($i ~ /^passed/) passed += $(i - 1)
            if ($i ~ /^failed/) failed += $(i - 1)
            if ($i ~ /^ignored/) skipped += $(i - 1)
        }
    }
    # A test that could not be run here says so, and passes for cargo.
    /^not run: / { passed -= 1; skipped += 1 }
    END { print passed + 0, failed + 0, skipped + 0 }' "$output")

if ((status != 0 && failed == 0)); then
    printf 'cargo test ended with %s without a failed test: something did not compile or crashed; counted as one failure\n' "$status"
    failed=1
fi
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
((failed == 0))
