# SPDX-License-Identifier: Apache-2.0
#
# What scripts share that build rendered contexts with buildah and ask the images. It is sourced after checks.bash, with
# `package` and `script` set.
#
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
#   WORK          a directory for images and contexts; by default /var/tmp/imagespec-buildah, for all scripts
#   BASE_TAR      a tar of a Debian root file system with python3; by default made by mmdebstrap and kept in WORK
#   DRIVER        how layers are stored; by default overlay, where that does not work vfs, which takes ten times as long
#   UV            uv's binary; by default that of the PyPI wheel of the version that is rendered
#   CA            certificates for clients in builds, where the network needs its own; mounted as a secret

IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
WORK=${WORK:-/var/tmp/imagespec-buildah}
CA=${CA:-/etc/ssl/certs/ca-certificates.crt}
BASE_TAR=${BASE_TAR:-$WORK/base.tar}
base=localhost/imagespec/base:1

need() { command -v "$1" >/dev/null || { echo "$script: needs $1" >&2; exit 77; }; }
# constant NAME: a text of the rendering constants
constant() { sed -n "s/.* $1 = \"\(.*\)\"/\1/p" "$package/Sources/ImageSpecBuilding/RenderingConstants.swift"; }
uv_image=$(constant uvImage)
uv_version=${uv_image##*:}

prepare_buildah() {
  need buildah; need python3
  [ "$(id -u)" = 0 ] || { echo "$script: needs root" >&2; exit 77; }
  [ -x "$IMAGESPEC" ] || { echo "$script: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }
  IMAGESPEC=$(realpath "$IMAGESPEC")
  mkdir -p "$WORK"
  unset DOCKER_CONFIG DOCKER_HOST
  export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$WORK/storage.conf
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "${DRIVER:-overlay}" "$WORK" "$WORK" > "$CONTAINERS_STORAGE_CONF"
}

make_base() {
  buildah images -q "$base" >/dev/null 2>&1 && return
  if [ ! -e "$BASE_TAR" ]; then
    need mmdebstrap
    mmdebstrap --quiet --format=tar --variant=minbase --include=python3,ca-certificates --dpkgopt=force-unsafe-io \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' bookworm "$BASE_TAR.$$"
    mv "$BASE_TAR.$$" "$BASE_TAR"
  fi
  local c; c=$(buildah from scratch)
  buildah add -q "$c" "$BASE_TAR" / >/dev/null
  # A base that ends as another user, with a command and an entry point of its own.
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --entrypoint '["/bin/false"]' --user nobody "$c"
  buildah commit -q --rm "$c" "$base" >/dev/null
  log "base image"
}

make_uv() {
  if [ -z "${UV:-}" ]; then
    UV=$WORK/venv/bin/uv
    if [ "$("$UV" --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
      python3 -m venv "$WORK/venv"
      "$WORK/venv/bin/pip" install -q --disable-pip-version-check "uv==$uv_version" \
        || { echo "$script: uv cannot be installed by pip" >&2; exit 77; }
    fi
  fi
  buildah images -q "$uv_image" >/dev/null 2>&1 && return
  local c; c=$(buildah from scratch)
  buildah add -q --chmod 755 "$c" "$UV" /uv >/dev/null
  buildah commit -q --rm "$c" "$uv_image" >/dev/null
  log "uv image $uv_version"
}

# render NAME: reads a spec as JSON from standard input and writes NAME's context
render() {
  rm -rf "$WORK/$1"
  cat > "$WORK/project/$1.json"
  "$IMAGESPEC" context "$WORK/project/$1.json" "$WORK/$1" >/dev/null
}

# build NAME [ARGUMENT…]: builds NAME's context
build() {
  local name=$1; shift
  if buildah build --layers --pull-never --network host "$@" -t "localhost/imagespec/$name:test" "$WORK/$name" > "$WORK/$name.log" 2>&1; then
    ok "built $name"
  else
    bad "built $name"; tail -15 "$WORK/$name.log"; return 1
  fi
}

# ask CONTAINER COMMAND…: runs a command in a container, as its user. buildah 1.28 now and then loses what a command prints
# that ends at once.
ask() {
  local c=$1; shift
  buildah run "$c" -- sh -c '"$@"; status=$?; sleep 0.1; exit $status' sh "$@"
}

# inside NAME COMMAND…: the same in a container of the image
inside() {
  local name=$1 c; shift
  c=$(buildah from --pull-never "localhost/imagespec/$name:test")
  ask "$c" "$@" 2>&1 || true
  buildah rm "$c" >/dev/null
}

# config NAME KEY…: a value of an image's configuration, as JSON
config() {
  buildah inspect --type image "localhost/imagespec/$1:test" | python3 -c '
import functools, json, sys
print(json.dumps(functools.reduce(lambda value, key: (value or {}).get(key), sys.argv[1:], json.load(sys.stdin)["OCIv1"]["config"])))' "${@:2}"
}

# finish [--keep]: removes images, says how many checks passed, and is false if one did not
finish() {
  [ "${1:-}" = --keep ] || { buildah rm --all >/dev/null; buildah rmi --all --force >/dev/null 2>&1 || true; }
  log "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}
