# SPDX-License-Identifier: Apache-2.0
"""Runs a command and checks how much memory it took at most.

    python3 measure.py MEGABYTES COMMAND [ARGUMENT...]

The command's output goes to this one's. What it took goes to standard error. Fails with the command, or where it
took more.
"""

import os
import sys
import time

limit, command = float(sys.argv[1]), sys.argv[2:]
start = time.monotonic()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.monotonic() - start
unit = 1 if sys.platform == "darwin" else 1024
megabytes = usage.ru_maxrss * unit / 1_000_000

print(f"at most {megabytes:.1f} MB (allowed: {limit:.0f}), {seconds:.2f} s", file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status) or megabytes > limit)
