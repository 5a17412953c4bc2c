#!/bin/sh
# Starts a training run. Executable, and its tag says so.
exec python -m trainer "$@"
