# SPDX-License-Identifier: Apache-2.0
"""What is to be reached, and whether a figure reaches it."""

import dataclasses

import measure

# How many times as fast as a peer, by tree: for tags of bytes that are in memory, and with a digest cache on top.
COLD = {
    ("S", "flytekit"): 45, ("S", "sha256sum"): 2.5,
    ("M", "flytekit"): 17, ("M", "sha256sum"): 6,
    ("X", "flytekit"): 18, ("X", "sha256sum"): 5,
    ("L", "flytekit"): 5, ("L", "sha256sum"): 3.5,
}
WARM = {
    ("S", "flytekit"): 200, ("S", "git status"): 1,
    ("M", "flytekit"): 100, ("M", "git status"): 3,
    ("X", "flytekit"): 65, ("X", "git status"): 3,
    ("L", "flytekit"): 700,
}
# Shares of what this machine allows.
SHARE_OF_MODEL = {"M": 0.95, "X": 0.95}
SHARE_OF_OPENSSL = {"L": 0.90}
SHARE_OF_STAT = {"M": 0.95, "X": 0.95}

NANOSECONDS_OF_IDENTITY = 3_000
SECONDS_OF_START = 0.006
# How many times as fast an image is made without an engine, by what is to be done, and the seconds that it may take.
IMAGES = {("changed", "docker"): 5, ("changed", "buildah"): 20, ("first", "docker"): 3, ("first", "buildah"): 3}
SECONDS_OF_IMAGE = {"changed": 0.1, "second": 0.2, "nothing": 0.02}
MEGABYTES = {"X": 48}

MET, MISSED, NOISY, NO_GOAL = "met", "missed", "too noisy", ""


@dataclasses.dataclass
class Row:
    """One line of the report.

    kind: how `value` is shown: ratio, share, seconds, nanoseconds, megabytes.
    ours, peer: what a ratio or share is of, in seconds (in nanoseconds for calls).
    """
    group: str
    what: str
    kind: str
    value: float
    ours: float = None
    peer: float = None
    goal: float = None
    low: float = None
    high: float = None
    noisy: bool = False
    verdict: str = NO_GOAL


def judged(row):
    """The row with its verdict: where it was noisy, a goal is met only if the worse quartile meets it, too.

    A ratio or share is to be at least its goal; everything else at most.
    """
    if row.goal is None:
        return row
    at_least = row.kind in ("ratio", "share")

    def reaches(value):
        return value >= row.goal if at_least else value <= row.goal

    worst = row.low if at_least else row.high
    if row.noisy:
        row.verdict = MET if reaches(row.value) and worst is not None and reaches(worst) else NOISY
    else:
        row.verdict = MET if reaches(row.value) else MISSED
    return row


def ratio(group, what, ours, peer, goal, noisy, kind="ratio"):
    """peer by ours, of lists of seconds that were measured in turn."""
    pairs = [theirs / own for own, theirs in zip(ours, peer)]
    low, high = measure.quartiles(pairs)
    noisy = noisy or measure.relative_spread(pairs) > measure.MOST_SPREAD
    own, theirs = measure.median(ours), measure.median(peer)
    return judged(Row(group, what, kind, theirs / own, own, theirs, goal, low, high, noisy))


def amount(group, what, kind, values, goal, noisy):
    """The median of figures of our own."""
    low, high = measure.quartiles(values)
    noisy = noisy or measure.relative_spread(values) > measure.MOST_SPREAD
    return judged(Row(group, what, kind, measure.median(values), None, None, goal, low, high, noisy))
