# shellcheck shell=bash
# Stand-ins for the public base images: root file systems from Debian packages,
# and the images that images*.json make of them. Sourced by lab.

# One time for all files and configurations, so that digests are the same on
# every machine that gets the same packages.
LAB_EPOCH=1735689600 # 2025-01-01
# The release that all tests use. Trees of another one have its name in theirs, and
# its images are listed in images-SUITE.json.
LAB_SUITE=bookworm
# The one that is not Debian's.
LAB_UBUNTU=resolute # 26.04
LAB_UBUNTU_ARCHIVE=http://archive.ubuntu.com/ubuntu
# Not every Debian has them; the package is of that release and stays as it is.
LAB_UBUNTU_KEYS=pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1build1_all.deb
LAB_UBUNTU_KEYS_SHA256=c377ccf26964f4c206c05c0bc7adb708e031beb919bb9a0ff63af983d064cd66
# Part of every tarball's note: raise it when the way a tree is made changes.
LAB_BASES_VERSION=1

LAB_PYTHON_PACKAGES=(python3 python3-pip python3-venv)

# What Debian's slim images leave out as well; kept in the image for later steps.
# The last line is for pip: the images whose names are borrowed let pip install
# beside the distribution's packages, Debian's marker forbids it.
LAB_DPKG_OPTIONS=(
    path-exclude=/usr/share/man/*
    path-exclude=/usr/share/info/*
    path-exclude=/usr/share/locale/*
    path-exclude=/usr/share/doc/*
    path-include=/usr/share/doc/*/copyright
    "path-exclude=/usr/lib/python3*/EXTERNALLY-MANAGED"
)

# The host's own names must not be part of an image. $1 is the chroot: mmdebstrap
# hands the hook to a shell.
# shellcheck disable=SC2016
LAB_FORGET_HOST='rm -f "$1/etc/resolv.conf" "$1/etc/hostname"'

# tree NAME ARCH CMD… lets CMD write bases/NAME-ARCH.tar, if that is not there yet:
# CMD gets the path to write to as its last argument.
tree() {
    local name=$1 arch=$2 tar=$KILN_LAB/bases/$1-$2.tar
    shift 2
    [[ ! -e $tar || $(cat "$tar.note" 2>/dev/null) != "$LAB_BASES_VERSION" ]] || return 0
    say "making the root file system $name for $arch"
    SOURCE_DATE_EPOCH=$LAB_EPOCH logged "base-$name-$arch" "$@" "$tar.partial"
    mv -f "$tar.partial" "$tar"
    printf '%s\n' "$LAB_BASES_VERSION" >"$tar.note"
}

# debian NAME ARCH OPTION… makes a tree with mmdebstrap.
debian() {
    local name=$1 arch=$2
    shift 2
    tree "$name" "$arch" bootstrap --architectures="$arch" --format=tar --skip=output/dev \
        "$@" --customize-hook="$LAB_FORGET_HOST" "$LAB_SUITE"
}

# bootstrap ARG… SUITE TARGET names no mirror for Debian: mmdebstrap knows the suite's own, security updates
# included. Ubuntu's archive holds the usual architectures of its newest releases only; older ones have arm64 elsewhere.
bootstrap() {
    local keys status=0
    local -a sources
    if [[ $LAB_SUITE != "$LAB_UBUNTU" ]]; then
        mmdebstrap "$@"
        return
    fi
    # As it was released: what comes after is not always complete for both.
    sources=("deb $LAB_UBUNTU_ARCHIVE $LAB_SUITE main universe")
    # apt reads keys as a user of its own, who may not look into the cache.
    keys=$(mktemp --suffix=.gpg)
    install -m 0644 "$KILN_LAB/bases/ubuntu.gpg" "$keys"
    mmdebstrap --keyring="$keys" "$@" "${sources[@]}" || status=$?
    rm -f "$keys"
    return "$status"
}

get_ubuntu_keys() {
    local package=$KILN_LAB/run/ubuntu-keys.deb keys=$KILN_LAB/bases/ubuntu.gpg
    [[ " $(wanted_suites | tr '\n' ' ') " == *" $LAB_UBUNTU "* && ! -e $keys ]] || return 0
    logged ubuntu-keys curl --silent --show-error --fail --output "$package" "$LAB_UBUNTU_ARCHIVE/$LAB_UBUNTU_KEYS"
    sha256sum --status --check <<<"$LAB_UBUNTU_KEYS_SHA256  $package" ||
        die "$LAB_UBUNTU_ARCHIVE/$LAB_UBUNTU_KEYS is not what it was"
    dpkg-deb --fsys-tarfile "$package" | tar -x -O ./usr/share/keyrings/ubuntu-archive-keyring.gpg >"$keys.partial"
    mv -f "$keys.partial" "$keys"
    rm -f "$package"
}

minimal_tree() {
    local option
    local -a options=()
    for option in "${LAB_DPKG_OPTIONS[@]}"; do
        options+=(--dpkgopt="$option")
    done
    debian "minimal$LAB_SUFFIX" "$1" --variant=minbase --include=apt,ca-certificates "${options[@]}"
}

# python_tree grows the minimal tree, which saves the time of making it twice and
# lets both images share their first layer.
python_tree() {
    # shellcheck disable=SC2016
    debian "python$LAB_SUFFIX" "$1" --variant=custom \
        --setup-hook="tar-in '$KILN_LAB/bases/minimal$LAB_SUFFIX-$1.tar' /" \
        --customize-hook='chroot "$1" apt-get install --yes --no-install-recommends '"${LAB_PYTHON_PACKAGES[*]}" \
        --customize-hook='ln -s ../../bin/python3 "$1/usr/local/bin/python"'
}

# tiny_tree keeps one static busybox of the unpacked package, and adds what
# programs expect around it.
tiny_tree() {
    debian busybox "$1" --variant=extract --include=busybox-static
    tree tiny "$1" "$LAB_DIR/tiny-tree.sh" "$KILN_LAB/bases/busybox-$1.tar"
}

# wanted_suites prints the releases of which bases are made, the usual one first.
wanted_suites() {
    local suite
    printf '%s\n' "$LAB_SUITE"
    for suite in ${KILN_LAB_SUITES:-}; do
        [[ $suite == "$LAB_SUITE" || $suite == pythons ]] || printf '%s\n' "$suite"
    done
}

# trees ARCH makes all trees of one architecture, the quick one first.
trees() {
    local suite
    local LAB_SUFFIX=''
    tiny_tree "$1"
    for suite in $(wanted_suites); do
        [[ $suite == "$LAB_SUITE" ]] || LAB_SUFFIX=-$suite
        LAB_SUITE=$suite minimal_tree "$1"
        LAB_SUITE=$suite python_tree "$1"
    done
    other_python_trees "$1"
}

push_bases() {
    local suite list
    # shellcheck disable=SC2046
    for suite in $(wanted_suites) $(! wants_pythons || printf pythons); do
        list=$LAB_DIR/images-$suite.json
        [[ $suite != "$LAB_SUITE" ]] || list=$LAB_DIR/images.json
        "$KILN_LAB_BIN/labimages" -registry "$KILN_LAB_REGISTRY" -epoch "$LAB_EPOCH" \
            -rootfs "$KILN_LAB/bases" -notes "$KILN_LAB/bases/pushed" "$list"
    done
}

check_suites() {
    local suite
    for suite in $(wanted_suites); do
        [[ $suite == "$LAB_SUITE" || -e $LAB_DIR/images-$suite.json ]] ||
            die "KILN_LAB_SUITES names $suite, and there is no $LAB_DIR/images-$suite.json"
    done
}
