#!/usr/bin/env bash
# Makes a root file system of a few files ($2, a tarball) from the tarball of an
# unpacked busybox-static package ($1).
set -euo pipefail
package=${1:?usage: tiny-tree.sh PACKAGE.tar TREE.tar}
tree=${2:?usage: tiny-tree.sh PACKAGE.tar TREE.tar}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,usr/bin,var/tmp}
chmod 0755 "$root"
chmod 1777 "$root/tmp" "$root/var/tmp"
tar -x -O -f "$package" ./bin/busybox >"$root/bin/busybox"
chmod 0755 "$root/bin/busybox"
# busybox names its own applets; for a foreign architecture the kernel runs qemu.
"$root/bin/busybox" --list | while IFS= read -r applet; do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
done
ln -s ../../bin/env "$root/usr/bin/env"

printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'PRETTY_NAME="kiln lab tiny (busybox)"\nID=kiln-tiny\n' >"$root/etc/os-release"

# Same files, same bytes, whoever runs this and when.
tar -c -C "$root" -f "$tree" --sort=name --format=pax --pax-option=delete=atime,delete=ctime \
    --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" .
