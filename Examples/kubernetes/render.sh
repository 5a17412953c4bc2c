#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints a Kubernetes manifest with ${IMAGE} replaced by the image name.
#
#   IMAGE=$(imagespec name train.yaml) render.sh job.yaml | kubectl apply -f -
set -euo pipefail
: "${IMAGE:?must be the image name, as printed by imagespec name}"

# Image names contain no characters that are special to sed.
sed "s|\${IMAGE}|$IMAGE|g" "$1"
