#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the file systems and configurations of two images entry by entry.

  images.py tree DIRECTORY                 prints the entries of a mounted image, as JSON
  images.py compare TREE OTHER CONFIG OTHER   prints what differs; nothing if the images are equal

An entry is a path with its type, mode, owner, link target and bytes. Times are not compared.
"""
import hashlib
import json
import os
import re
import stat
import sys

# What may differ, and why.
EXCEPTIONS = [
    (r"^/var/(cache|log)(/|$)", "caches and logs of programs that ran"),
    (r"(^|/)__pycache__(/|$)", "byte code"),
    (r"^/(opt/venv|srv/env)/\.lock$", "a mark of uv, in the environment"),
    (r"^/etc/(hosts|hostname|resolv\.conf)$", "places that the engine mounts while it runs a step"),
    (r"^/(dev|proc|sys|run|tmp)(/|$)", "the same"),
]
# The day on which the password of a new user was set.
SHADOW = re.compile(rb"^(flytekit:[^:]*):\d+:", re.M)


def tree(root):
    entries = {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            shown = path[len(root):]
            content = ""
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    data = file.read()
                if shown in ("/etc/shadow", "/etc/shadow-"):
                    data = SHADOW.sub(rb"\1:DAY:", data)
                content = hashlib.sha256(data).hexdigest()
            entries[shown] = [oct(status.st_mode), status.st_uid, status.st_gid, content]
    return entries


def compare(one, other):
    differences = []
    for path in sorted(set(one) | set(other)):
        if one.get(path) == other.get(path) or any(re.search(pattern, path) for pattern, _ in EXCEPTIONS):
            continue
        differences.append(f"{path}: {one.get(path)} {other.get(path)}")
    return differences


def compare_configurations(one, other):
    differences = []
    for key in ("User", "WorkingDir", "Entrypoint", "Cmd", "ExposedPorts", "Volumes", "StopSignal"):
        if (one.get(key) or None) != (other.get(key) or None):
            differences.append(f"{key}: {one.get(key)} {other.get(key)}")

    def environment(config):
        return dict(entry.split("=", 1) for entry in config.get("Env") or [])

    def labels(config):
        # buildah adds its version.
        return {k: v for k, v in (config.get("Labels") or {}).items() if k != "io.buildah.version"}

    for name, function in (("Env", environment), ("Labels", labels)):
        left, right = function(one), function(other)
        for key in sorted(set(left) | set(right)):
            if left.get(key) != right.get(key):
                differences.append(f"{name} {key}: {left.get(key)!r} {right.get(key)!r}")
    return differences


def main():
    if sys.argv[1] == "tree":
        json.dump(tree(sys.argv[2]), sys.stdout)
        return
    one, other, config, other_config = (json.load(open(path)) for path in sys.argv[2:6])
    if min(len(one), len(other)) < 10:
        print(f"an image has no files: {len(one)} and {len(other)}")
    for line in compare(one, other) + compare_configurations(config, other_config):
        print(line)


main()
