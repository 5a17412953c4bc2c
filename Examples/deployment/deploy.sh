#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Deploys what a spec file says: builds its image where no registry has it yet, and starts a job that uses it.
#
#   deploy.sh SPEC TEMPLATE     prints the manifest, to be piped into `kubectl apply -f -`
set -euo pipefail

spec=$1 template=$2
name=$(imagespec name "$spec")

# 0: it is there. 1: it is not. Anything else: nobody can tell, and building might push over something.
status=0
imagespec exist "$spec" >&2 || status=$?
case $status in
0) echo "$name is there" >&2 ;;
1) imagespec build "$spec" >&2 ;;
*) echo "deploy.sh: cannot tell whether $name exists; nothing is deployed" >&2; exit "$status" ;;
esac

IMAGE=$name exec "$(dirname "$0")/../kubernetes/render.sh" "$template"
