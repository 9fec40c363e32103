#!/usr/bin/env bash
# Python in the layout of docker.io/library/python, inside of a root that mmdebstrap is making.
#
#   official-python.sh stage ROOT VERSION OUT.tar   packs /usr/local with an interpreter and its library
#   official-python.sh finish ROOT VERSION          pip and links, as those images have them
#
# The library's Python files are those of the upstream release, as Debian's source package carries it: Debian's own
# know other folders. The compiled parts (libpython and extension modules) are Debian's. The interpreter is a few lines
# of C on libpython that leave out the modules frozen into it, since a frozen `site` would be Debian's.
set -euo pipefail
root=${2:?}
version=${3:?}
name=python$version

inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"; }

stage() {
    local out=$1 local=$root/stage/usr/local triplet library
    sed -n 's/^deb /deb-src /p' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/source.list"
    inside apt-get update
    inside apt-get install --yes --no-install-recommends gcc libc6-dev xz-utils "lib$name-dev" "lib$name-stdlib"
    mkdir -p "$root/source" "$local"/{bin,include,lib}
    inside sh -c "cd /source && apt-get source --tar-only -o APT::Sandbox::User=root $name && tar -xf ${name}_*.orig.tar.*"
    triplet=$(inside gcc -dumpmachine)
    library=$local/lib/$name
    cp -a "$root"/source/[Pp]ython*/Lib "$library"
    find "$library" -depth -type d \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \) -exec rm -rf {} +
    cp -a "$root/usr/lib/$name/lib-dynload" "$library/"
    cp -aL "$root/usr/lib/$name"/_sysconfigdata_*.py "$root/usr/lib/$name/config-$version-$triplet" "$library/"
    rm -f "$library"/config-*/*.a "$library"/config-*/*.so
    cp -a "$root/usr/include/$name" "$local/include/"
    cp -a "$root/usr/include/$triplet/$name/pyconfig.h" "$local/include/$name/"
    cp -a "$root/usr/lib/$triplet/lib$name".so.* "$local/lib/"
    ln -s "lib$name.so.1.0" "$local/lib/lib$name.so"
    # What extension modules are compiled and linked with.
    sed -i "s#/usr/\(lib\|include\)/$name#/usr/local/\1/$name#g; s#\(['=]\)/usr\b\(['\"]\|\$\)#\1/usr/local\2#g" \
        "$library"/_sysconfigdata_*.py "$library"/config-*/Makefile
    interpreter >"$root/source/main.c"
    inside gcc -O2 -I"/usr/include/$name" -o "/stage/usr/local/bin/$name" /source/main.c -L"/usr/lib/$triplet" -l:"lib$name.so.1.0"
    tar -c -C "$root/stage" -f "$out" --sort=name --owner=0 --group=0 --numeric-owner .
}

interpreter() {
    cat <<'EOC'
#include <Python.h>

int main(int argc, char **argv) {
    PyConfig config;
    PyStatus status;
    PyConfig_InitPythonConfig(&config);
    config.use_frozen_modules = 0;
    status = PyConfig_SetBytesArgv(&config, argc, argv);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
    return Py_RunMain();
}
EOC
}

finish() {
    inside ldconfig
    inside "/usr/local/bin/$name" -I -B -m ensurepip >&2
    local link
    for link in "python:python3" "python3:$name" "pip:pip3"; do
        ln -sf "${link#*:}" "$root/usr/local/bin/${link%%:*}"
    done
    find "$root/usr/local" -depth -name __pycache__ -exec rm -rf {} +
    # Where the images whose place it takes install to.
    [[ $(inside "/usr/local/bin/$name" -I -B -c 'import sysconfig, ssl, sqlite3, ctypes, lzma; print(sysconfig.get_path("purelib"))') == "/usr/local/lib/$name/site-packages" ]]
}

case ${1:-} in
    stage) stage "${4:?}" ;;
    finish) finish ;;
    *) exit 2 ;;
esac
