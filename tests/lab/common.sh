# shellcheck shell=bash
# Settings and small helpers that every part of the lab uses. Sourced, never run.

# ---- settings: each may be given in the environment ------------------------

# shellcheck disable=SC2034 # used by the files that source this one
LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034
TOOLS_DIR=$(cd "$LAB_DIR/../tools" && pwd)

KILN_LAB=${KILN_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln-lab}
KILN_LAB_REGISTRY_PORT=${KILN_LAB_REGISTRY_PORT:-5417}
KILN_LAB_REGISTRY=127.0.0.1:$KILN_LAB_REGISTRY_PORT
KILN_LAB_BIN=$KILN_LAB/bin
KILN_LAB_DESCRIPTORS=$KILN_LAB/descriptors.json
LAB_BUILDER=unix://$KILN_LAB/run/buildkitd.sock
export KILN_LAB KILN_LAB_REGISTRY_PORT KILN_LAB_REGISTRY KILN_LAB_BIN KILN_LAB_DESCRIPTORS

# Proves that a folder is a lab's before `clean` removes it.
LAB_MARK=$KILN_LAB/.kiln-lab
# Beside the cache and not inside, because `clean` removes the cache.
LAB_LOCK=${KILN_LAB%/}.lock

# ---- talking ----------------------------------------------------------------

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# logged NAME CMD… runs a command with its output in log/NAME.log, and shows the
# end of that file when the command fails.
logged() {
    local log=$KILN_LAB/log/$1.log status=0
    shift
    "$@" >"$log" 2>&1 || status=$?
    if ((status != 0)); then
        say "error: '$1' ended with $status; the last lines of $log:"
        tail -n 30 "$log" | sed 's/^/    /' >&2
    fi
    return "$status"
}

# ---- the cache folder ---------------------------------------------------------

make_cache() {
    # sun_path holds 108 bytes; a longer socket path fails later with no reason given.
    local socket=${LAB_BUILDER#unix://}
    ((${#socket} < 104)) || die "KILN_LAB is too long for a unix socket below it: $KILN_LAB"
    [[ -d $KILN_LAB ]] || say "making the cache in $KILN_LAB"
    mkdir -p "$KILN_LAB"/{bin,log,run,bases,registry,buildkit}
    : >"$LAB_MARK"
}

# with_lock CMD… lets one lab command change things at a time. Descriptor 9 is
# the lock; daemons must be started with 9>&- or they would keep it.
with_lock() {
    mkdir -p "$(dirname "$LAB_LOCK")"
    exec 9>"$LAB_LOCK"
    if ! flock --nonblock 9; then
        say "waiting for another lab command ($LAB_LOCK)"
        flock 9
    fi
    "$@"
    exec 9>&-
}

# ---- daemons by pid file --------------------------------------------------------

# daemon_pid NAME prints the pid of bin/NAME if it is ours and alive. The command
# line is compared because pids are reused.
daemon_pid() {
    local pid first
    pid=$(cat "$KILN_LAB/run/$1.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && -r /proc/$pid/cmdline ]] || return 1
    IFS= read -r -d '' first <"/proc/$pid/cmdline" || return 1
    [[ $first == "$KILN_LAB_BIN/$1" ]] || return 1
    printf '%s\n' "$pid"
}

# current NAME CONFIG tells whether the daemon runs from the program that is there
# now, with the settings of CONFIG.new; its own are in CONFIG.
current() {
    local pid
    pid=$(daemon_pid "$1") || return 1
    # A program that was replaced lives on without a name.
    [[ $(readlink "/proc/$pid/exe") != *' (deleted)' ]] && cmp -s "$2.new" "$2"
}

# start_daemon NAME ARG… starts bin/NAME apart from this terminal. The log of the
# run before is kept under another name.
start_daemon() {
    local name=$1 log=$KILN_LAB/log/$1.log
    shift
    [[ ! -e $log ]] || mv -f "$log" "$log.before"
    # Away from the folder of whoever calls: a checkout may be removed while the daemon
    # runs, and the git it starts cannot do without a working directory.
    env --chdir=/ setsid "$KILN_LAB_BIN/$name" "$@" </dev/null >"$log" 2>&1 9>&- &
    printf '%s\n' "$!" >"$KILN_LAB/run/$name.pid"
    # Until setsid has become the daemon, daemon_pid would not know it.
    while ! daemon_pid "$name" >/dev/null && kill -0 "$!" 2>/dev/null; do
        sleep 0.05
    done
}

# await NAME SECONDS CMD… waits until CMD succeeds, or the daemon NAME dies.
await() {
    local name=$1 tries=$(($2 * 10))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! daemon_pid "$name" >/dev/null || ((tries-- <= 0)); then
            say "error: $name does not answer; the last lines of its log:"
            tail -n 30 "$KILN_LAB/log/$name.log" | sed 's/^/    /' >&2
            return 1
        fi
        sleep 0.1
    done
}

# stop_daemon NAME [CMD…] sends SIGTERM to what this lab started, and nothing
# else. CMD is run every second while the daemon hesitates.
stop_daemon() {
    local name=$1 pid tries=300
    shift
    if ! pid=$(daemon_pid "$name"); then
        rm -f "$KILN_LAB/run/$name.pid"
        return 0
    fi
    say "stopping $name (pid $pid)"
    kill -TERM "$pid" 2>/dev/null || true
    while daemon_pid "$name" >/dev/null; do
        ((tries-- > 0)) || die "$name (pid $pid) is still alive 30 s after SIGTERM"
        sleep 0.1
        ((tries % 10 != 0)) || "$@"
    done
    rm -f "$KILN_LAB/run/$name.pid"
}
