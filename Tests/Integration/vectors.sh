#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every identity vector through the tool: its output, and its exit codes. IMAGESPEC names the tool.
set -euo pipefail
exec python3 "$(dirname "$0")/vectors.py"
