# Collects what may stand in for a foreign root's own programs, from the image of the builder's own platform that
# this runs in: OUT is where to, ARCH the foreign architecture in dpkg's words.
#
# Programs whose answer is about the machine stay the foreign root's: uname, arch, ldconfig, and of dpkg's all that
# have an architecture compiled in.
set -eu
out=$1 arch=$2
mkdir -p "$out/bin" "$out/methods"

programs() { # the names of a package's programs
    list=/var/lib/dpkg/info/$1.list
    [ -f "$list" ] || return 0
    while read -r path; do
        case $path in /bin/*/* | /usr/bin/*/*) ;; /bin/* | /usr/bin/*) echo "${path##*/}" ;; esac
    done < "$list"
}

is_elf() {
    [ -f "$1" ] || return 1
    magic=$(head -c 4 "$1" | tail -c 3)
    [ "$magic" = ELF ]
}

wanted="apt-get apt-cache apt-mark apt-config gpgv sqv dpkg-deb dpkg-split update-alternatives"
# Where the usual coreutils are another implementation, theirs are links to one program, which looks at its name.
for package in coreutils coreutils-from-uutils rust-coreutils gnu-coreutils dash diffutils findutils grep gzip mawk sed tar xz-utils; do
    wanted="$wanted $(programs "$package")"
done
for name in $wanted; do
    case $name in uname | arch | gnuuname | gnuarch) continue ;; esac
    real=$(readlink -f "/usr/bin/$name") && is_elf "$real" || continue
    program=${real##*/}
    [ -e "$out/bin/$program" ] || cp -p "$real" "$out/bin/$program"
    [ "$program" = "$name" ] || ln -sf "$program" "$out/bin/$name"
done
# What makes the first link is started by the loader, which hides its name from such a program.
if [ -e "$out/bin/gnuln" ]; then cp -p "$out/bin/gnuln" "$out/link"; else cp -pL "$out/bin/ln" "$out/link" || true; fi
ln -sf dash "$out/bin/sh"
[ ! -e "$out/bin/mawk" ] || ln -sf mawk "$out/bin/awk"
cp -pL /usr/lib/apt/methods/* "$out/methods/"

tools=/run/kiln/tools
if [ -f /usr/bin/apt-key ]; then
    # A script, whose first line has to name a shell that is native.
    { echo "#!$tools/bin/dash"; tail -n +2 /usr/bin/apt-key; } > "$out/bin/apt-key"
    chmod 755 "$out/bin/apt-key"
fi

# dpkg has its architecture compiled in, once. Where a name of the same length fits in, and the program then answers
# with it, the one that apt starts is native, too; else it is the foreign root's.
dpkg=/usr/bin/dpkg
cat > "$out/patch.pl" <<'PERL'
my ($from, $to) = @ARGV;
binmode STDIN; binmode STDOUT;
local $/;
my $program = <STDIN>;
my $found = ($program =~ s/\0\Q$from\E\0/\0$to\0/g);
exit 1 unless length($from) == length($to) && $found == 1;
print $program;
PERL
here=$(dpkg --print-architecture)
if perl "$out/patch.pl" "$here" "$arch" < /usr/bin/dpkg > "$out/dpkg" &&
    chmod 755 "$out/dpkg" && [ "$("$out/dpkg" --print-architecture)" = "$arch" ]; then
    dpkg=$tools/dpkg
else
    rm -f "$out/dpkg"
fi
rm "$out/patch.pl"

cat > "$out/apt.conf" <<EOF
APT::Architecture "$arch";
Dir::Bin::methods "$tools/methods/";
Dir::Bin::apt-key "$tools/bin/apt-key";
Dir::Bin::dpkg "$tools/dpkg-run";
DPkg::Path "$tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
EOF

# What apt starts. While packages are configured, a Python that this very step unpacked stands aside for the same one
# of the builder's platform: its packages compile all their modules then. The step's own copy is in the layer already,
# so that moving it copies nothing up.
cat > "$out/dpkg-run" <<EOF
#!$tools/bin/dash
dpkg=$dpkg
EOF
cat >> "$out/dpkg-run" <<'EOF'
configures=
for word; do [ "$word" != --configure ] || configures=yes; done
[ -n "$configures" ] || exec "$dpkg" "$@"
aside=
for python in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9]; do
    native=/run/kiln/twin$python
    [ -f "$python" ] && [ ! -L "$python" ] && [ -x "$native" ] || continue
    [ -n "$(find "$python" -maxdepth 0 -cnewer /run/kiln/tmp/start)" ] || continue
    mv "$python" "$python.kiln" && ln -s "$native" "$python" && aside="$aside $python"
done
"$dpkg" "$@"
code=$?
for python in $aside; do mv -f "$python.kiln" "$python"; done
exit "$code"
EOF
chmod 755 "$out/dpkg-run"
