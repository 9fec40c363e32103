# shellcheck shell=bash
# The lab's registry, on loopback. Sourced by lab.

registry_config() {
    cat <<EOC
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: $KILN_LAB/registry
  delete:
    enabled: true
http:
  addr: $KILN_LAB_REGISTRY
  secret: one registry only, nothing to share
EOC
}

# registry_answers asks for the API's root; bash speaks enough HTTP for that.
registry_answers() {
    local status
    exec 3<>"/dev/tcp/127.0.0.1/$KILN_LAB_REGISTRY_PORT" || return 1
    printf 'GET /v2/ HTTP/1.0\r\nHost: %s\r\n\r\n' "$KILN_LAB_REGISTRY" >&3
    IFS= read -r -t 5 status <&3 || true
    exec 3<&- 3>&-
    [[ $status == *' 200 '* ]]
}

# port_taken tells whether anything at all listens there.
port_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$KILN_LAB_REGISTRY_PORT") 2>/dev/null
}

start_registry() {
    local config=$KILN_LAB/run/registry.yml
    registry_config >"$config.new"
    ! current registry "$config" || return 0
    stop_daemon registry
    ! port_taken ||
        die "something else listens on $KILN_LAB_REGISTRY; stop it or set KILN_LAB_REGISTRY_PORT"
    mv -f "$config.new" "$config"
    say "starting the registry on $KILN_LAB_REGISTRY"
    # Its tracing would otherwise try to reach a collector on this machine.
    OTEL_TRACES_EXPORTER=none start_daemon registry serve "$config"
    await registry 20 in_subshell registry_answers
}

# A failing redirection of `exec` ends the shell it happens in.
in_subshell() { ("$@"); }
