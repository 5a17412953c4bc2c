#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Small projects: what imagespec check says of each, beside what uv and poetry then do. IMAGESPEC names the tool.
# --uv VERSION and --poetry VERSION take others than those that the Dockerfiles use.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Scripts/common.sh
install_packages python3 python3-venv git ca-certificates >/dev/null
IMAGESPEC=$(realpath "${IMAGESPEC:-.build/release/imagespec}")
export IMAGESPEC

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
constants=Sources/ImageSpecBuilding/RenderingConstants.swift
uv=$(sed -n 's|.*uvImage = ".*/uv:\(.*\)"|\1|p' $constants)
poetry=$(sed -n 's|.*poetry = "poetry==\(.*\)"|\1|p' $constants)
while [ $# -gt 0 ]; do
  case $1 in
    --uv) uv=$2; shift 2 ;;
    --poetry) poetry=$2; shift 2 ;;
    *) echo "unknown argument: $1" >&2; exit 64 ;;
  esac
done
python3 -m venv "$work/tools"
if ! "$work/tools/bin/pip" install --quiet --disable-pip-version-check "uv==$uv" "poetry==$poetry"; then
  echo "no package index here, or none with uv $uv and poetry $poetry"
  exit 77
fi
python3 -B Tests/Integration/projects.py "$work" "$uv" "$poetry"
