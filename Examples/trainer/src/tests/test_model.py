"""PYTHONPATH=src python3 -m unittest discover -s src/tests"""

import unittest

from trainer.model import Line, fit, sample


class Fitting(unittest.TestCase):
    def test_finds_the_line(self) -> None:
        line = fit(sample(Line(2.0, -1.0), 100, seed=7), steps=2000, rate=0.05)
        self.assertAlmostEqual(line.slope, 2.0, places=1)
        self.assertAlmostEqual(line.offset, -1.0, places=1)


if __name__ == "__main__":
    unittest.main()
