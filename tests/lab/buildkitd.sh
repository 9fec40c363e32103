# shellcheck shell=bash
# The lab's BuildKit daemon. Sourced by lab.

# foreign_builder: the caller has a builder already, and it is not this lab's.
foreign_builder() {
    [[ -n ${BUILDKIT_HOST:-} && $BUILDKIT_HOST != "$LAB_BUILDER" ]]
}

builder() { printf '%s\n' "${BUILDKIT_HOST:-$LAB_BUILDER}"; }

buildkitd_config() {
    cat <<EOC
root = "$KILN_LAB/buildkit"

[grpc]
  address = [ "$LAB_BUILDER" ]

[history]
  # A client that builds hundreds of images in one call reads its own builds from the history at its end.
  maxEntries = 2000

[worker.containerd]
  enabled = false

[worker.oci]
  enabled = true
  binary = "runc"
  snapshotter = "overlayfs"
  # Steps share the host's network and its resolv.conf: there is no CNI here.
  networkMode = "host"
  gc = true
  reservedSpace = "2GB"
  maxUsedSpace = "16GB"
  minFreeSpace = "2GB"

[registry."docker.io"]
  mirrors = [ "$KILN_LAB_REGISTRY" ]

[registry."$KILN_LAB_REGISTRY"]
  http = true
EOC
}

list_workers() {
    "$KILN_LAB_BIN/buildctl" --addr "$(builder)" --timeout 5 debug workers --verbose
}

# check_platforms fails early where a build would fail late.
check_platforms() {
    local workers platform
    workers=$(list_workers 2>&1) || die "the builder $(builder) does not answer: $workers"
    for platform in linux/amd64 linux/arm64; do
        [[ $workers == *"$platform"* ]] || die "the builder $(builder) cannot run $platform"
    done
}

start_buildkitd() {
    local config=$KILN_LAB/run/buildkitd.toml
    if foreign_builder; then
        say "using the builder of BUILDKIT_HOST, $BUILDKIT_HOST (it must reach the registry on $KILN_LAB_REGISTRY over plain http)"
        check_platforms
        return
    fi
    buildkitd_config >"$config.new"
    ! current buildkitd "$config" || return 0
    stop_buildkitd
    mv -f "$config.new" "$config"
    say "starting buildkitd on $LAB_BUILDER"
    start_daemon buildkitd --config "$config"
    await buildkitd 60 list_workers
    check_platforms
}

# steps prints the ids that this lab's executor gave to its build steps.
steps() {
    local folder
    for folder in "$KILN_LAB"/buildkit/runc-overlayfs/executor/*/; do
        [[ ! -d $folder ]] || basename "$folder"
    done
}

# kill_steps: asked to stop, buildkitd waits for its builds, however long they
# take. A step that has just ended is no error.
kill_steps() {
    local step
    for step in $(steps); do
        runc kill "$step" KILL 2>/dev/null || true
    done
}

# lab_mounts prints what is mounted below the builder's folder, innermost first;
# mountinfo writes a blank as \040, which %b reads.
lab_mounts() {
    local point
    while IFS=' ' read -r _ _ _ _ point _; do
        printf '%b\n' "$point"
    done </proc/self/mountinfo | { grep -F "$KILN_LAB/buildkit/" || true; } | sort -r
}

# clear_leftovers removes what a daemon that was killed could not: steps that run
# on without it, and their mounts.
clear_leftovers() {
    local step mount
    for step in $(steps); do
        runc delete --force "$step" 2>/dev/null || true
    done
    lab_mounts | while IFS= read -r mount; do
        say "unmounting the leftover $mount"
        umount --lazy "$mount" || true
    done
}

stop_buildkitd() {
    stop_daemon buildkitd kill_steps
    clear_leftovers
}
