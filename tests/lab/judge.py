"""What the platform's own code says of labels, tags, ports and sizes.

Run by the Python of an environment that platform.sh has made, with the release as its argument. Reads a JSON object per
line, `{"labels": …}`, `{"tag": …}`, `{"ports": …}` or `{"size": …}`, and answers each with the list of what refuses it.
"""

import __future__
import ast
import json
import pathlib
import re
import sys
import sysconfig
from decimal import Decimal

from ai.backend.common.docker import ImageRef, validate_image_labels
from ai.backend.common.service_ports import parse_service_ports
from ai.backend.common.types import BinarySize

RELEASE = sys.argv[1]
NEWEST = RELEASE.startswith("26.")
PACKAGES = pathlib.Path(sysconfig.get_path("purelib"), "ai", "backend")
PREFIX = "ai.backend."


class Unsupported(Exception):
    """Stands in for the agent's own exception."""


def distro_matcher():
    """The agent's function, without the agent: importing it would want a container engine."""
    tree = ast.parse((PACKAGES / "agent" / "kernel.py").read_text())
    found = [node for node in tree.body if getattr(node, "name", "") == "match_distro_data"]
    names = {"re": re, "UnsupportedBaseDistroError": Unsupported}
    lazy = __future__.annotations.compiler_flag
    exec(compile(ast.Module(found, []), "agent", "exec", flags=lazy), names)
    return names["match_distro_data"]


def hooks():
    """The distributions that the agent has its library for."""
    files = (PACKAGES / "runner").glob("libbaihook.*.so")
    found = (re.fullmatch(r"libbaihook\.(.+)\.[^.]+\.so", file.name) for file in files)
    names = {match[1]: match[0] for match in found if match}
    assert names, "the agent has no libraries"
    return names


def runners():
    """The choices of the runner's argument."""
    tree = ast.parse((PACKAGES / "kernel" / "__init__.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "lang_map":
            return set(ast.literal_eval(node.value))
    raise AssertionError("the runner has no choices")


MATCH, HOOKS, RUNNERS = distro_matcher(), hooks(), runners()


def size(text):
    BinarySize.finite_from_str(text)


def known_runner(text):
    if text not in RUNNERS:
        raise ValueError("no such runner")


def of_labels(labels):
    yield "manager", lambda: validate_image_labels(dict(labels))
    ports = labels.get(PREFIX + "service-ports", "")
    yield "agent", lambda: parse_service_ports(ports, labels.get(PREFIX + "endpoint-ports", ""))
    if (distro := labels.get(PREFIX + "base-distro")) is not None:
        yield "hook", lambda: MATCH(HOOKS, distro)
    if (runtime := labels.get(PREFIX + "runtime-type")) is not None:
        yield "runner", lambda: known_runner(runtime)
    for key, value in labels.items():
        slot = key.removeprefix(PREFIX + "resource.min.")
        if slot != key and slot == "mem":
            yield slot, lambda value=value: size(value)
        elif slot != key and slot in ("cpu", "cuda.device", "cuda.shares"):
            yield slot, lambda value=value: Decimal(value)
        # The scanner's expression for the name of a device.
        if NEWEST and key.startswith((PREFIX + "resource.min", PREFIX + "resource.max")):
            yield "scanner", lambda key=key: key.split(".")[4]
    if (shmem := labels.get(PREFIX + "resource.preferred.shmem")) is not None and not NEWEST:
        yield "shmem", lambda: size(shmem)


def reference(tag):
    text = f"registry.example/project/name:{tag}"
    if NEWEST:
        ImageRef.from_image_str(text, "project", "registry.example")
    else:
        ImageRef(text, ["registry.example"])


def judges(case):
    if "labels" in case:
        yield from of_labels(case["labels"])
    elif "tag" in case:
        yield "tag", lambda: reference(case["tag"])
    elif "ports" in case:
        yield "agent", lambda: parse_service_ports(case["ports"], "")
    else:
        yield "size", lambda: size(case["size"])


for line in sys.stdin:
    refused = []
    for name, judge in judges(json.loads(line)):
        try:
            judge()
        except Exception as error:
            refused.append(f"{name}: {type(error).__name__}: {str(error)[:120]}")
    print(json.dumps(refused))
