#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Deploys a spec file: builds its image if its registry does not have it, and prints the manifest of a job that uses it.
#
#   deploy.sh SPEC TEMPLATE | kubectl apply -f -
set -euo pipefail

spec=$1 template=$2
name=$(imagespec name "$spec")

# 0: present. 1: absent. Otherwise the existence is unknown, and a build could overwrite an existing image.
status=0
imagespec exist "$spec" >&2 || status=$?
case $status in
0) echo "$name exists" >&2 ;;
1) imagespec build "$spec" >&2 ;;
*) echo "deploy.sh: cannot determine whether $name exists; nothing is deployed" >&2; exit "$status" ;;
esac

IMAGE=$name exec "$(dirname "$0")/../kubernetes/render.sh" "$template"
