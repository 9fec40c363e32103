"""What is left to do around an installer of Python packages that compiles nothing.

ask [--target DIR] [--prefix DIR]
    Run by the image's own interpreter, before. Prints a line each: the interpreter's real path, its magic number,
    the time, the index and the trusted hosts of pip's settings, then the folders that packages go into.
check
    Run by the interpreter that shall compile. Ends with 0 if its byte code is that of the image's interpreter.
finish CACHE NAMES WHEELS FLAG SHELL
    Run by the same, beside the installer, whose cache is WHEELS: modules of wheels that it has unpacked there are
    compiled for CACHE meanwhile, behind all else that the machine has to do. When FLAG is there, the installer is
    done: compiles the modules of the distributions that are new, and takes the mark of those that nobody asked for.
    NAMES are the names asked for, or `*` where they cannot be known. When the process SHELL ends before, so does this.

`check` and `finish` read what `ask` printed in KILN_ASKED.

An unchecked-hash pyc depends on the magic number, the path in it and the source, and on nothing else. Under these
three it is kept in CACHE, which both platforms of an image share.
"""

import csv
import gc
import hashlib
import importlib.util
import marshal
import os
import random
import re
import signal
import sys
import time
import warnings

# Hash-based and not checked against the source, PEP 552: no time of a file says that it is stale.
UNCHECKED = (1).to_bytes(4, "little")
# The kernel stamps files by a clock that ticks every few milliseconds.
TICK = 20 * 1000 * 1000
# How long nobody looks for what is new, in seconds.
PAUSE = 0.02
# Bytes of the digest before each entry of the cache: a machine that lost its power may have kept part of one.
DIGEST = 32
# Bytes of a number of a module, as the processes that compile take them from a pipe.
WORD = 4


def option(words, name):
    return words[words.index(name) + 1] if name in words else None


def settings():
    """What pip's files of settings and its variables say of indexes."""
    import configparser

    home = os.path.expanduser("~")
    paths = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", home + "/.pip/pip.conf"]
    paths += [home + "/.config/pip/pip.conf", sys.prefix + "/pip.conf"]
    paths.append(os.environ.get("PIP_CONFIG_FILE", os.devnull))
    read = configparser.RawConfigParser(strict=False)
    for path in paths:
        try:
            read.read(path)
        except (configparser.Error, OSError, UnicodeError):
            pass
    found = {}
    for section in ("global", "install"):
        if read.has_section(section):
            found.update({key.replace("_", "-"): value for key, value in read.items(section)})
    for name in ("index-url", "extra-index-url", "trusted-host"):
        value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            found[name] = value
    return found


def ask(words):
    import sysconfig

    target, prefix = option(words, "--target"), option(words, "--prefix")
    if target:
        folders = [target]
    else:
        base = {"base": prefix, "platbase": prefix} if prefix else None
        scheme = ("posix_prefix",) if prefix else ()
        folders = [sysconfig.get_path(name, *scheme, vars=base) for name in ("purelib", "platlib")]
    found = settings()
    if found.get("extra-index-url"):
        sys.stderr.write("pip's settings in the image name an extra index: uv would take a package from the first\n"
                         "index that has its name. Say `index` with `packages` in the step, or `installer: pip`.\n")
        sys.exit(90)
    lines = [os.path.realpath(sys.executable), importlib.util.MAGIC_NUMBER.hex(), str(time.time_ns() - TICK)]
    lines += [found.get(name, "").strip().replace("\n", " ") for name in ("index-url", "trusted-host")]
    # The first is that of packages without machine code. `lib64` of a virtual environment is a link to `lib`.
    folders = {os.path.realpath(folder): folder for folder in reversed(folders)}
    print("\n".join(lines + list(reversed(list(folders.values())))))


def asked():
    lines = os.environ["KILN_ASKED"].split("\n")
    return lines[1], int(lines[2]), lines[5:]


def installed(folder, since):
    """The distributions of a folder that are new: their folder and the rows of their RECORD."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        record = os.path.join(folder, name, "RECORD")
        if name.endswith(".dist-info") and os.path.exists(record) and os.stat(record).st_ctime_ns >= since:
            with open(record, newline="", encoding="utf-8") as file:
                yield os.path.join(folder, name), list(csv.reader(file))


def normal(name):
    return re.sub("[-_.]+", "-", name).lower()


def unmark(info, rows, names):
    """pip marks what was asked for and not what came along, PEP 376."""
    mark = os.path.join(info, "REQUESTED")
    own = normal(os.path.basename(info).split("-")[0])
    if "*" in names or own in names or not os.path.exists(mark):
        return
    os.remove(mark)
    rewrite(info, [row for row in rows if not row or not row[0].endswith(".dist-info/REQUESTED")])


def forget(info, rows):
    """uv's note of when it saw a file: a time, of which no image should depend."""
    note = os.path.join(info, "uv_cache.json")
    if not os.path.exists(note):
        return rows
    os.remove(note)
    rows = [row for row in rows if not row or not row[0].endswith(".dist-info/uv_cache.json")]
    rewrite(info, rows)
    return rows


def rewrite(info, rows):
    record = os.path.join(info, "RECORD")
    mode = os.stat(record).st_mode
    with open(record, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    os.chmod(record, mode & 0o7777)


def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def create(path, data, mode):
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(data)


def compiled(cache, draft, file, path):
    """The byte code of a file that is, or will be, at the path. A new one comes into the cache by way of the draft, as a
    whole or not at all: others read there."""
    with open(file, "rb") as file:
        source = file.read()
    words = (importlib.util.MAGIC_NUMBER, path.encode(), source)
    key = hashlib.sha256(b"\0".join(words)).hexdigest()
    entry = os.path.join(cache, key[:2], key)
    try:
        with open(entry, "rb") as file:
            digest, data = file.read(DIGEST), file.read()
        if hashlib.sha256(data).digest() == digest:
            return data
    except OSError:
        pass
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        # Templates and code of other versions of the language; pip passes over them, too.
        return None
    data = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)
    try:
        create(draft, hashlib.sha256(data).digest() + data, 0o644)
        os.makedirs(os.path.dirname(entry), exist_ok=True)
        os.replace(draft, entry)
    except OSError:
        # No room, for one: then there is no cache.
        remove(draft)
    return data


def compile_all(cache, draft, paths, numbers):
    folders = set()
    while True:
        word = os.read(numbers, WORD)
        if not word:
            return
        path = paths[int.from_bytes(word, "little")]
        data = compiled(cache, draft, path, path)
        if data is None:
            continue
        to = importlib.util.cache_from_source(path)
        folder = os.path.dirname(to)
        if folder not in folders:
            os.makedirs(folder, exist_ok=True)
            folders.add(folder)
        # An older one is replaced and not written into: it may be a file of a layer below.
        remove(to)
        create(to, data, (os.stat(path).st_mode | 0o200) & 0o666)


def unpacked(folder):
    """The modules of a wheel in the installer's cache, as paths below it, and whether it has no machine code."""
    pure, modules = True, []
    for path, names, files in os.walk(folder):
        below = os.path.relpath(path, folder)
        if below == ".":
            names[:] = [name for name in names if not name.endswith(".data")]
        if below.endswith(".dist-info") and "WHEEL" in files:
            with open(os.path.join(path, "WHEEL"), encoding="utf-8", errors="replace") as file:
                pure = "root-is-purelib: true" in file.read().lower()
        modules += [os.path.normpath(os.path.join(below, name)) for name in files if name.endswith(".py")]
    return pure, sorted(modules)


def ahead(cache, draft, wheels, share):
    """Compiles a share of what the installer has unpacked so far, until it is ended."""
    magic, since, folders = asked()
    number, count = share
    parent = os.getppid()
    os.nice(19)
    seen, changed = set(), None
    while os.getppid() == parent:
        time.sleep(PAUSE)
        try:
            if os.stat(wheels).st_mtime_ns == changed:
                continue
            changed = os.stat(wheels).st_mtime_ns
            new = [entry for entry in os.scandir(wheels) if entry.name not in seen]
            for entry in sorted(new, key=lambda entry: entry.name):
                seen.add(entry.name)
                if entry.stat().st_ctime_ns < since:
                    continue
                pure, modules = unpacked(entry.path)
                own = modules[number::count]
                random.shuffle(own)
                for module in own:
                    # Depends on the path that it will have.
                    path = os.path.join(folders[0 if pure else -1], module)
                    compiled(cache, draft, os.path.join(entry.path, module), path)
        except OSError:
            # There is nothing yet, or not any more.
            pass


def forked(work, *words):
    """Starts a child. By hand: a pool would start this interpreter by its path, which the kernel may not be able to."""
    child = os.fork()
    if child:
        return child
    try:
        work(*words)
    except BaseException as error:
        sys.stderr.write("cannot compile: %r\n" % (error,))
        os._exit(1)
    os._exit(0)


def finish(cache, names, wheels, flag, shell):
    # What a module leaves goes with it; looking for cycles costs more than what is found.
    gc.disable()
    warnings.simplefilter("ignore")
    count = len(os.sched_getaffinity(0))
    # Several images share a cache, and their processes have the same numbers.
    drafts = [os.path.join(cache, "new-" + os.urandom(8).hex()) for _ in range(2 * count)]
    wheels = os.path.join(wheels, "archive-v0")
    few = min(count, 4)
    early = [forked(ahead, cache, drafts[count + number], wheels, (number, few)) for number in range(few)]
    while not os.path.exists(flag):
        # Without a namespace of processes nobody ends this one where the installer fails.
        os.kill(int(shell), 0)
        time.sleep(PAUSE)
    # Not to be waited for: on a machine that has no time left, theirs is the last.
    for child in early:
        os.kill(child, signal.SIGKILL)
    magic, since, folders = asked()
    names = {normal(name) for name in names.split(",") if name != "*"} | ({"*"} & set(names.split(",")))
    paths = []
    for folder in folders:
        for info, rows in installed(folder, since):
            own = [row[0] for row in rows if row and row[0].endswith(".py") and not row[0].startswith(("../", "/"))]
            paths += [os.path.join(folder, path) for path in own]
            unmark(info, forget(info, rows), names)
    paths = [path for path in set(paths) if os.path.isfile(path)]
    # The same step for another platform may be at it, too: in another order, each finds what the other one has done.
    random.shuffle(paths)
    numbers, ends = os.pipe()

    def work(draft):
        os.close(ends)
        compile_all(cache, draft, paths, numbers)

    children = [forked(work, draft) for draft in drafts[:min(count, 1 + len(paths) // 64)]]
    os.close(numbers)
    for number in range(len(paths)):
        os.write(ends, number.to_bytes(WORD, "little"))
    os.close(ends)
    results = [os.waitpid(child, 0)[1] for child in early + children]
    for draft in drafts:
        remove(draft)
    sys.exit(1 if any(results[len(early):]) else 0)


verb, words = sys.argv[1], sys.argv[2:]
if verb == "ask":
    ask(words)
elif verb == "check":
    sys.exit(asked()[0] != importlib.util.MAGIC_NUMBER.hex())
else:
    finish(*words)
