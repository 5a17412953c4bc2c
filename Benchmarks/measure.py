# SPDX-License-Identifier: Apache-2.0
"""Runs programs in alternation and keeps what each run took; tells how quiet the machine was meanwhile."""

import dataclasses
import hashlib
import os
import statistics
import subprocess
import time

# More than this and a figure says more about the machine's other work than about the program.
MOST_SPREAD = 0.10
MOST_CALIBRATION_SPREAD = 0.05
MOST_OTHERS = 0.10

CALIBRATION = bytes(4 << 20)


@dataclasses.dataclass(frozen=True)
class Subject:
    """A program to measure, with all that it is started with."""
    name: str
    command: tuple
    folder: str
    environment: dict
    standard_input: str = os.devnull
    # Called before each run, and not measured.
    before: object = None


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run: seconds, and the most memory in MB."""
    wall: float
    user: float
    system: float
    resident: float


class Failure(Exception):
    """A program that is measured did not do its work."""


class Runner:
    """Starts programs by a small one written in C, which adds next to nothing to time and memory."""

    def __init__(self, program):
        self.program = program

    def run(self, subject, output=os.devnull):
        command = [self.program, subject.standard_input, output, *subject.command]
        found = subprocess.run(command, cwd=subject.folder, env=subject.environment, capture_output=True)
        if found.returncode != 0:
            raise Failure(f"{subject.name}: {found.stderr.decode(errors='replace').strip()}")
        wall, user, system, resident, status = (int(word) for word in found.stdout.split())
        if status != 0:
            raise Failure(f"{subject.name}: exit status {status}: {found.stderr.decode(errors='replace')[-500:]}")
        return Sample(wall / 1e9, user / 1e6, system / 1e6, resident * 1024 / 1e6)


def calibrate():
    """Seconds of work that never changes."""
    start = time.perf_counter()
    hashlib.sha256(CALIBRATION).digest()
    return time.perf_counter() - start


def busy_seconds():
    """Seconds that all processors have worked since the start of the machine, or were taken away from it."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, soft_irq, stolen = (int(word) for word in file.readline().split()[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + soft_irq + stolen) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def cores():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class Quiet:
    """How quiet the machine is while a block of runs goes on."""

    def __init__(self):
        self.calibrations = []
        self.start, self.busy, self.own = time.monotonic(), busy_seconds(), own_seconds()

    def calibrate(self):
        self.calibrations.append(calibrate())

    def summary(self):
        """The spread of the unchanging work, and which share of the processors others had."""
        busy, others = busy_seconds(), None
        if busy is not None and self.busy is not None:
            capacity = (time.monotonic() - self.start) * cores()
            others = max(0.0, busy - self.busy - (own_seconds() - self.own)) / capacity if capacity > 0 else 0.0
        spread = relative_spread(self.calibrations)
        noisy = spread > MOST_CALIBRATION_SPREAD or (others or 0) > MOST_OTHERS
        return {"calibration_spread": spread, "others": others, "noisy": noisy}


def alternate(runner, subjects, rounds, extra=None):
    """Runs all subjects in turn, round after round.

    extra: called once a round, for what is no program to be timed. Returns the samples by name, what extra returned,
    and how quiet it was. A first round is not counted: it brings files and programs into memory.
    """
    def run(subject):
        if subject.before:
            subject.before()
        return runner.run(subject)

    for subject in subjects:
        run(subject)
    if extra:
        extra()
    quiet, samples, extras = Quiet(), {subject.name: [] for subject in subjects}, []
    for _ in range(rounds):
        for subject in subjects:
            quiet.calibrate()
            samples[subject.name].append(run(subject))
        if extra:
            extras.append(extra())
    return samples, extras, quiet.summary()


# --- statistics -----------------------------------------------------------------------------------------------------


def median(values):
    return statistics.median(values)


def relative_spread(values):
    """The median distance from the median, as a share of it: 0 where all are the same."""
    if len(values) < 2:
        return 0.0
    middle = median(values)
    return median([abs(value - middle) for value in values]) / middle if middle else 0.0


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def walls(samples):
    return [sample.wall for sample in samples]
