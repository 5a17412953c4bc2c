#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The flytekit scheme beside flytekit itself, on 300 random specs and trees. IMAGESPEC names the tool.
set -euo pipefail
exec python3 "$(dirname "$0")/flytekit-names.py" --tool "${IMAGESPEC:-.build/release/imagespec}" --count 300 "$@"
