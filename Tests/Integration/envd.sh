#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Has the real envd compile every build.envd of the tests, and specs whose values try to be more than values.
#
#   Tests/Integration/envd.sh
#
# Needs Python 3 with venv and pip, openssl, and the package index for envd, whose wheel is a static binary. Needs no
# daemon, no registry and no root.
#   IMAGESPEC      the imagespec tool; by default that of this package's debug build
#   ENVD_VERSION   the version of envd; by default 1.3.6
#   WORK           a folder for all that is made; by default a temporary one that is removed
set -euo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
for program in python3 openssl; do
  command -v "$program" >/dev/null || { echo "envd.sh: needs $program" >&2; exit 77; }
done
[ -x "$IMAGESPEC" ] || { echo "envd.sh: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }
if [ -z "${WORK:-}" ]; then
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
fi
mkdir -p "$WORK"
python3 -m venv "$WORK/venv"
"$WORK/venv/bin/pip" install -q --disable-pip-version-check "envd==${ENVD_VERSION:-1.3.6}" \
  || { echo "envd.sh: envd cannot be installed by pip" >&2; exit 77; }
python3 "$package/Tests/Integration/envd.py" "$WORK/venv/bin/envd" "$(realpath "$IMAGESPEC")" \
  "$package/Tests/ImageSpecTests/Fixtures/envd" "$WORK/run"
