#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The documentation's site in a real browser: every article loads, and no link leads nowhere.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Scripts/common.sh
install_packages chromium fonts-dejavu-core python3 >/dev/null
command -v chromium >/dev/null || { echo "no chromium here"; exit 77; }
Scripts/docs >/dev/null
exec python3 Tests/Integration/documentation.py .build/documentation
