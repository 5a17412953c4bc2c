# SPDX-License-Identifier: Apache-2.0
"""What flytekit does for the same specs; runs under a Python that has it.

    flytekit_peer.py tag         the tag of the spec with the working directory as source root
    flytekit_peer.py import      nothing but the import
    flytekit_peer.py small SPEC  the tag of a small spec, a JSON file
    flytekit_peer.py time SPEC   nanoseconds of id and of tag, as JSON
"""

import json
import statistics
import sys
import time

from flytekit.image_spec import ImageSpec


def tree():
    from flytekit.constants import CopyFileDetection

    return ImageSpec(name="bench", source_root=".", source_copy_mode=CopyFileDetection.ALL)


def nanoseconds(fields, attribute):
    """Of the attribute of a new spec; making that is not counted. Each object computes it once."""
    batches = []
    for _ in range(7):
        specs = [ImageSpec(**fields) for _ in range(500)]
        start = time.perf_counter_ns()
        for spec in specs:
            getattr(spec, attribute)
        batches.append((time.perf_counter_ns() - start) / len(specs))
    return statistics.median(batches)


def main(what, *arguments):
    if what == "tag":
        print(tree().tag)
    elif what == "small":
        with open(arguments[0]) as file:
            print(ImageSpec(**json.load(file)).tag)
    elif what == "time":
        with open(arguments[0]) as file:
            fields = json.load(file)
        print(json.dumps({name: nanoseconds(fields, name) for name in ("id", "tag")}))


main(*sys.argv[1:])
