#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes images without an engine where something is wrong: registries that misbehave, full and read-only disks, missing programs,
# base images that are not supported, and builds that are ended. Then measures the memory of a large image.
#
#   Tests/Integration/builtin-faults.sh [--keep]
#
# Needs root, Debian 12 and its archive, and PyPI. Installs what is missing: a registry, skopeo, buildah, mmdebstrap.
# Everything listens on loopback, and everything that is started is stopped again. builtin.bash has the variables.
#   SECTIONS      by default all
# --keep leaves the working directory.
set -uo pipefail

script=builtin-faults.sh
keep=${1:-}
. "$(dirname "$0")/builtin.bash"
prepare builtin-faults

mkdir src; echo 'print("hello")' > src/main.py
source='"source_root": "src", "source_copy_mode": "all"'
spec nothing
spec scripts '{"packages": ["requests==2.32.3", "ruff==0.6.9"]}'
spec extension "{\"packages\": [\"numpy==2.1.1\"], $source}"

# tag NAME: the digest of the image that the spec's name refers to; empty without one
tag() { skopeo inspect --raw --tls-verify=false "docker://$("$IMAGESPEC" name "$1.json")" 2>/dev/null | sha256sum | sed 's/ .*//; s/^/sha256:/; /^sha256:e3b0c44298fc1c14/d'; }
left() { ls -A "$TMPDIR"; pgrep -af "$WORK/tmp/" | grep -v pgrep; }

# --- registries ---------------------------------------------------------------------------------------------------------

registries() {
  local name port
  mkfifo "$WORK/upload.in"; exec 7<>"$WORK/upload.in"
  services=(upload "${services[@]}")
  python3 "$package/Tests/ImageSpecContainersTests/Fixtures/upload_server.py" < "$WORK/upload.in" > "$WORK/upload.out" 2>&1 & echo $! > "$WORK/upload.pid"
  wait_for grep -q main "$WORK/upload.out"
  port=$(python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["main"])' < "$WORK/upload.out")
  status_of() { curl -s -o /dev/null -w '%{http_code}' "http://localhost:$port/v2/$1/manifests/$("$IMAGESPEC" tag "$1.json")"; }
  # Registries with which the image arrives: a connection that drops, a lost upload, busy for a while, one that wants pieces.
  for name in broken forgetful busy too-large lost-answer manifest-busy elsewhere; do
    spec "$name" "{\"registry\": \"localhost:$port\", \"packages\": [\"numpy==2.1.1\"], $source}"
    build "$name" || { bad "$name: the image arrives"; tail -3 "$WORK/err"; continue; }
    rm -rf "$WORK/arrived"
    # skopeo verifies all digests.
    check "$name: the image arrives" "200 $(value digest)" \
      "$(status_of "$name") $(skopeo copy -q --src-tls-verify=false "docker://$(value image_name)" "dir:$WORK/arrived" 2>&1 && sha256sum < "$WORK/arrived/manifest.json" | sed 's/ .*//; s/^/sha256:/')"
  done
  # Registries with which it does not, and what the message says.
  for name in denied:denied read-only:UNSUPPORTED quota:'quota of 10 GB exceeded' full:507 always-too-large:413 manifest-denied:'immutable' lie:digest; do
    local text=${name#*:}; name=${name%%:*}
    spec "$name" "{\"registry\": \"localhost:$port\", $source}"
    build "$name"; local status=$?
    check "$name: fails, without a tag" "74 404" "$status $(status_of "$name")"
    check "$name: says why ($(tail -1 "$WORK/err" | cut -c 1-170))" 1 "$(grep -ciF "$text" "$WORK/err" | sed 's/[1-9][0-9]*/1/')"
  done
  check "nothing is left" "" "$(left)"
  exec 7>&-
}

# --- builds that are ended -------------------------------------------------------------------------------------------------

interruptions() {
  local digest i signal found=
  build extension --force; digest=$(value digest)
  for i in 1 2 3 4 5 6 7 8 9 10; do
    signal=INT; [ $((i % 3)) = 0 ] && signal=TERM
    rm -rf "$WORK/cache3"
    spec "killed$i" "{\"packages\": [\"numpy==2.1.1\"], $source}"
    # A shell makes its background processes ignore the signal.
    IMAGESPEC_CACHE=$WORK/cache3 python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
      "$IMAGESPEC" build --engine builtin --quiet --force "killed$i.json" > "$WORK/out" 2> "$WORK/err" & local pid=$!
    sleep "$(python3 -c 'import random; print(random.random() * 2)')"; kill -$signal $pid 2>/dev/null; wait $pid 2>/dev/null
    # What it was able to finish has a name, also if it was ended before it could print it; everything else has none. skopeo
    # verifies all digests.
    rm -rf "$WORK/arrived"
    [ -z "$(tag "killed$i")" ] ||
      skopeo copy -q --src-tls-verify=false "docker://$("$IMAGESPEC" name "killed$i.json")" "dir:$WORK/arrived" > "$WORK/err" 2>&1 ||
      found+=$(cat "$WORK/err")
  done
  check "ended at ten moments, no name refers to a part of an image" "" "$found"
  check "and neither a process nor a file is left" "" "$(left)"
  check_same "and the next build is right" "$digest" "$(IMAGESPEC_CACHE=$WORK/cache3 build extension --force && value digest)"
  # Without a chance to clean up.
  for i in 1 2 3 4 5; do
    IMAGESPEC_CACHE=$WORK/cache4 "$IMAGESPEC" build --engine builtin --quiet --force extension.json > "$WORK/out" 2> "$WORK/err" & local pid=$!
    sleep "$(python3 -c 'import random; print(random.random() * 1.5)')"; kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
  done
  rm -rf "$TMPDIR"/*
  check_same "after builds that were killed, the next one is right, with what they left in the cache" "$digest" \
    "$(IMAGESPEC_CACHE=$WORK/cache4 build extension --force && value digest)"
}

# --- disks ------------------------------------------------------------------------------------------------------------------

disks() {
  local digest
  build extension --force; digest=$(value digest)
  mkdir -p "$WORK/read-only" "$WORK/small"
  mount -t tmpfs -o size=1m tmpfs "$WORK/read-only" && mount -o remount,ro "$WORK/read-only"
  check_same "with a read-only cache" "$digest" "$(IMAGESPEC_CACHE=$WORK/read-only build extension --force && value digest)"
  mount -t tmpfs -o size=2m tmpfs "$WORK/small"; mkdir "$WORK/small/cache" "$WORK/small/tmp"
  check_same "with a full cache" "$digest" "$(IMAGESPEC_CACHE=$WORK/small/cache build extension --force && value digest)"
  rm -rf "$WORK/small/cache"/*
  spec full "{\"packages\": [\"numpy==2.1.1\"], $source}"
  IMAGESPEC_CACHE=$WORK/small/cache TMPDIR=$WORK/small/tmp build full; local status=$?
  check "on a full disk, the build fails ($(tail -1 "$WORK/err" | cut -c 1-170))" 1 "$((status != 0))"
  check_contains "and says so" "No space left" "$WORK/err"
  check "without a tag and files" " " "$(tag full) $(ls -A "$WORK/small/tmp")"
  umount "$WORK/small" "$WORK/read-only"
}

# --- programs and base images ---------------------------------------------------------------------------------------------

# default NAME [PATH]: builds with the default engine, and prints the engine that was used, or the error
default() {
  env PATH="${2:-$PATH}" "$IMAGESPEC" build --json --force "$1.json" > "$WORK/out" 2> "$WORK/err" || { tail -1 "$WORK/err"; return; }
  value engine | sed 's/ .*//'
}
engines() {
  local c uv_image=ghcr.io/astral-sh/uv:$uv_version none=$WORK/none old=$WORK/old engine=$WORK/engine:/usr/sbin
  c=$(buildah from scratch); buildah add -q --chmod 755 "$c" "$CACHE/uv" /uv >/dev/null; buildah commit -q --rm "$c" "$uv_image" >/dev/null
  mkdir "$WORK/none" "$WORK/old" "$WORK/engine"
  ln -s "$(command -v buildah)" "$WORK/engine/buildah"
  # uv makes environments with a Python of this machine; a script in its place would need PATH.
  ln -s "$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" "$WORK/engine/python3"
  printf '#!/bin/sh\necho "uv 0.5.1 (abc)"\n' > "$WORK/old/uv"; chmod 755 "$WORK/old/uv"
  spec commands '{"commands": ["true"]}'
  spec sources '{"packages": ["docopt==0.6.2"]}'
  check "the default is builtin" builtin "$(default extension)"
  check "a spec with commands is built by an engine" buildah "$(default commands "$engine")"
  check_contains "which is announced" ", because builtin does not support commands" "$WORK/err"
  default commands "$none" > "$WORK/said"
  check_contains "without an engine, it fails" "no usable container engine: builtin does not support commands; docker is not on PATH" "$WORK/said"
  default scripts "$none" > "$WORK/said"
  check_contains "without uv and an engine, uv is to be installed" "install uv: pip install uv" "$WORK/said"
  default scripts "$old" > "$WORK/said"
  check_contains "an old uv is to be updated" "this is uv 0.5.1" "$WORK/said"
  check "without uv, an engine installs the packages" buildah "$(default scripts "$engine")"
  check_contains "which is announced" ", because builtin cannot make the image: the builtin engine installs packages with uv" "$WORK/err"
  check "a package without a wheel is built by an engine" buildah "$(default sources "$WORK/bin:$engine")"
  check_contains "which is announced" ", because builtin cannot make the image: uv cannot install the packages" "$WORK/err"
  # Base images and packages
  c=$(buildah from scratch); buildah config --env PATH=/bin "$c"; buildah add -q "$c" src /srv >/dev/null
  buildah commit -q --rm "$c" "$registry/base/empty:1" >/dev/null; push "$registry/base/empty:1"
  spec without-python "{\"base_image\": \"$registry/base/empty:1\", \"packages\": [\"six\"]}"
  build without-python; check "a base image without Python is refused" 66 $?
  check_contains "with what to do" "the base image has no python3 on its PATH" "$WORK/err"
  spec no-wheel '{"packages": ["docopt==0.6.2"]}'
  build no-wheel; check_contains "a package without a wheel is refused" "installs only wheels" "$WORK/err"
  check "and has no tag" "" "$(tag no-wheel)"
  local fields
  for fields in '{"apt_packages": ["git"]}' '{"commands": ["true"]}' '{"conda_packages": ["numpy"]}' '{"builder_options": {"sbom": true}}' \
    '{"pip_extra_args": "--no-binary numpy"}' '{"packages": ["a @ git+https://github.com/a/a"]}'; do
    spec refused "$fields"; build refused; local status=$?
    check "$fields is refused ($(tail -1 "$WORK/err" | cut -c 1-140))" 65 $status
  done
}

# --- memory -----------------------------------------------------------------------------------------------------------------

memory() {
  # A wheel of 400 MB that cannot be compressed.
  python3 - "$WORK/wheels" <<'PY'
import os, sys, zipfile
os.makedirs(sys.argv[1])
with zipfile.ZipFile(sys.argv[1] + "/large-1.0-py3-none-any.whl", "w", zipfile.ZIP_STORED) as z:
    block = os.urandom(1 << 20)
    with z.open("large/data.bin", "w", force_zip64=True) as f:
        for number in range(400):
            f.write(number.to_bytes(8, "big") + block[8:])
    z.writestr("large/__init__.py", "")
    z.writestr("large-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: large\nVersion: 1.0\n")
    z.writestr("large-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr("large-1.0.dist-info/RECORD", "large/data.bin,,\nlarge/__init__.py,,\nlarge-1.0.dist-info/METADATA,,\nlarge-1.0.dist-info/WHEEL,,\nlarge-1.0.dist-info/RECORD,,\n")
PY
  local port; port=$(free_port)
  service wheels python3 -m http.server --bind 127.0.0.1 --directory "$WORK/wheels" "$port"
  wait_for bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
  spec large "{\"packages\": [\"large==1.0\"], \"pip_extra_args\": \"--no-index --find-links http://127.0.0.1:$port\"}"
  # The tool's own memory, without that of uv: what the system says about the process until it ends.
  UV_CACHE_DIR=$WORK/uv-cache python3 - "$IMAGESPEC" large.json > "$WORK/peak" 2> "$WORK/err" <<'PY'
import subprocess, sys, time
tool = subprocess.Popen([sys.argv[1], "build", "--engine", "builtin", "--quiet", sys.argv[2]], stdout=subprocess.DEVNULL)
peak = 0
while tool.poll() is None:
    try:
        lines = open(f"/proc/{tool.pid}/status").read().splitlines()
    except OSError:
        break
    peak = max([peak] + [int(line.split()[1]) for line in lines if line.startswith("VmHWM")])
    time.sleep(0.02)
print(tool.wait(), peak // 1024)
PY
  read -r status peak < "$WORK/peak"
  check "an image with a wheel of 400 MB is made in at most 64 MiB ($peak MiB)" "0 1" "$status $((peak <= 64))"
  rm -rf "$WORK/wheels" "$WORK/uv-cache"
}

for section in ${SECTIONS:-registries interruptions disks engines memory}; do $section; done
finish
