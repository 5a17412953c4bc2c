"""Trains as conf/train.toml says: python -m trainer [--check]"""

import os
import sys
import tomllib
from pathlib import Path

from trainer.model import Line, fit, sample


def main() -> int:
    settings = tomllib.loads(Path("conf/train.toml").read_text(encoding="utf-8"))
    steps = 20 if "--check" in sys.argv else settings["steps"]
    line = fit(sample(Line(2.0, -1.0), 100, settings["seed"]), steps, settings["rate"])
    print(f"{os.environ.get('TRAINER_GREETING', '')} slope {line.slope:.2f}, offset {line.offset:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
