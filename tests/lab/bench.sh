#!/usr/bin/env bash
# kiln beside its peers on the lab's daemon and registry. Arguments choose parts;
# docs/benchmarks.md lists them. Used by `make bench`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [[ ${1:-} != inside ]]; then
    exec "$here/lab" run -- "$here/bench.sh" inside "$@"
fi
shift
"$here/tools.sh" peers
cd "$here/../.."
exec cargo bench --locked --bench beside -- "$@"
