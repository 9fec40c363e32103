# shellcheck shell=bash
# Bases whose Python is another one than Debian's: images-pythons.json. Sourced by lab; made where KILN_LAB_SUITES
# names `pythons`.

LAB_PYTHON=3.11
LAB_OLD_NUMPY=1.24.4

# What Debian's interpreter and its modules link to.
LAB_PYTHON_LIBRARIES=(
    libbz2-1.0 libc6 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libnsl2 libreadline8 libsqlite3-0
    libssl3 libtinfo6 libtirpc3 libuuid1 netbase tzdata zlib1g
)

# official_tree: Python where docker.io/library/python has it, all of it below /usr/local and none in /usr. Compiling it
# for a foreign architecture would take half an hour, so the compiled parts are Debian's (see official-python.sh).
official_tree() {
    tree cpython "$1" cpython "$1"
    # shellcheck disable=SC2016
    debian official "$1" --variant=custom \
        --setup-hook="tar-in '$KILN_LAB/bases/minimal-$1.tar' /" \
        --customize-hook='chroot "$1" apt-get install --yes --no-install-recommends '"${LAB_PYTHON_LIBRARIES[*]}" \
        --customize-hook="tar-in '$KILN_LAB/bases/cpython-$1.tar' /" \
        --customize-hook="'$LAB_DIR/official-python.sh' finish \"\$1\" $LAB_PYTHON"
}

# cpython ARCH TARGET writes a tarball of /usr/local.
cpython() {
    mmdebstrap --architectures="$1" --variant=custom --format=null \
        --setup-hook="tar-in '$KILN_LAB/bases/minimal-$1.tar' /" \
        --customize-hook="'$LAB_DIR/official-python.sh' stage \"\$1\" $LAB_PYTHON '$2'" "$LAB_SUITE" -
}

# numpy_tree: what a base with libraries of last year is like. Without compiled modules: they hold times.
numpy_tree() {
    local certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    # shellcheck disable=SC2016
    debian numpy "$1" --variant=custom \
        --setup-hook="tar-in '$KILN_LAB/bases/python-$1.tar' /" \
        --customize-hook="cp '$certificates' \"\$1/opt/ca.pem\"" \
        --customize-hook='chroot "$1" env -i PATH="$PATH" PIP_CERT=/opt/ca.pem HOME=/tmp python3 -m pip install --quiet --no-cache-dir --no-compile --root-user-action=ignore '"numpy==$LAB_OLD_NUMPY" \
        --customize-hook='rm -rf "$1/opt/ca.pem" "$1/tmp/.cache"'
}

wants_pythons() { [[ " ${KILN_LAB_SUITES:-} " == *' pythons '* ]]; }

# other_python_trees ARCH, after the trees that they grow from.
other_python_trees() {
    wants_pythons || return 0
    official_tree "$1"
    numpy_tree "$1"
}
