"""The model, and how it is fitted."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """y = slope * x + offset"""

    slope: float
    offset: float

    def at(self, x: float) -> float:
        return self.slope * x + self.offset


def sample(line: Line, count: int, seed: int) -> list[tuple[float, float]]:
    """Points near a line."""
    generator = random.Random(seed)
    xs = [generator.uniform(-1, 1) for _ in range(count)]
    return [(x, line.at(x) + generator.gauss(0, 0.01)) for x in xs]


def fit(points: list[tuple[float, float]], steps: int, rate: float) -> Line:
    """The line that is nearest to the points, by gradient descent on the squared error."""
    slope = offset = 0.0
    for _ in range(steps):
        errors = [(x, slope * x + offset - y) for x, y in points]
        slope -= rate * 2 * sum(error * x for x, error in errors) / len(points)
        offset -= rate * 2 * sum(error for _, error in errors) / len(points)
    return Line(slope, offset)
