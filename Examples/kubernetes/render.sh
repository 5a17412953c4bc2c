#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints a Kubernetes manifest with the image's name in it.
#
#   IMAGE=$(imagespec name train.yaml) render.sh job.yaml | kubectl apply -f -
set -euo pipefail
: "${IMAGE:?is the name of the image, as imagespec name prints it}"

# Image names hold none of the characters that mean something to sed.
sed "s|\${IMAGE}|$IMAGE|g" "$1"
