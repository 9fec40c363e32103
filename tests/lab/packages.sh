# shellcheck shell=bash
# Debian packages and the kernel's table of foreign binaries. Sourced by lab.

# command:package. Commands are looked for, not packages, because runc may well
# come from elsewhere (a Docker installation), and then must not be replaced.
LAB_COMMANDS=(
    runc:runc
    qemu-aarch64-static:qemu-user-static
    update-binfmts:binfmt-support
    mmdebstrap:mmdebstrap
    arch-test:arch-test
    skopeo:skopeo
    ssh-agent:openssh-client
    jq:jq
    git:git
    gpg:gpg
    gpg-agent:gpg-agent
    openssl:openssl
    make:make
    cc:gcc
)
BINFMT=/proc/sys/fs/binfmt_misc

missing_packages() {
    local pair
    for pair in "${LAB_COMMANDS[@]}"; do
        command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair##*:}"
    done
    [[ -e /usr/include/stdlib.h ]] || printf 'libc6-dev\n'
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || printf 'ca-certificates\n'
}

install_packages() {
    local -a missing
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]} > 0)) || return 0
    command -v apt-get >/dev/null ||
        die "these Debian packages are missing and there is no apt-get: ${missing[*]}"
    say "installing ${missing[*]}"
    logged apt-update apt-get update
    DEBIAN_FRONTEND=noninteractive logged apt-install \
        apt-get install --yes --no-install-recommends "${missing[@]}"
}

# enable_binfmt lets this kernel run arm64 programs, also inside build steps.
enable_binfmt() {
    local entry=$BINFMT/qemu-aarch64
    [[ $(uname -m) != aarch64 ]] || return 0
    mount_binfmt
    if ! grep -qx enabled "$entry" 2>/dev/null; then
        say "enabling arm64 programs (binfmt_misc, qemu-aarch64)"
        update-binfmts --enable qemu-aarch64 || true # judged by its effect below
    fi
    grep -qx enabled "$entry" 2>/dev/null ||
        die "$entry is not enabled: this kernel cannot run arm64 steps (is this container allowed to use binfmt_misc?)"
    # Without F the kernel looks for qemu inside the step's own root, where it is not.
    grep -q '^flags:.*F' "$entry" ||
        die "$entry lacks the flag F (fix_binary); remove the entry that another tool registered and run this again"
}

mount_binfmt() {
    [[ ! -e $BINFMT/register ]] || return 0
    say "mounting $BINFMT"
    modprobe binfmt_misc 2>/dev/null || true # built in, or loaded by the mount
    mount -t binfmt_misc binfmt_misc "$BINFMT" ||
        die "cannot mount binfmt_misc; the kernel needs CONFIG_BINFMT_MISC and this shell CAP_SYS_ADMIN"
}
