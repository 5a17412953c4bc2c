#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds with caches in a registry, for two platforms and with fixed times, and asks the registry what came of it.
#
#   Tests/Integration/remote.sh [--keep]
#
# Needs root, Debian 12 and its archive. Installs what is missing: a registry, skopeo, buildah, dockerd, a static busybox.
# Everything listens on loopback, and everything that is started is stopped again.
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
# --keep leaves the working folder.
#
# covers buildah; push, two platforms, source_date_epoch, cache_from, cache_to
# covers docker 20.10; push, cache_from, cache_to: inline, network: host
#
# Builders of buildx are tested by buildx.sh. BuildKit daemons with buildctl are not to be had here: their command lines are compared
# with written ones by the tests of ImageSpecContainers.
set -uo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
keep=${1:-}
export DEBIAN_FRONTEND=noninteractive
script=remote.sh
. "$package/Tests/Integration/checks.bash"
. "$package/Tests/Integration/services.bash"

[ "$(id -u)" = 0 ] || { echo "remote.sh: needs root" >&2; exit 77; }
[ -x "$IMAGESPEC" ] || { echo "remote.sh: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }

install_programs docker-registry:docker-registry skopeo:skopeo buildah:buildah dockerd:docker.io busybox:busybox-static python3:python3
start_work remote-run
port=$(free_port)
registry=localhost:$port
base=$registry/base/busybox:both
export CONTAINERS_REGISTRIES_CONF=$WORK/registries.conf

# A place for images that has none, as on another machine.
new_storage() {
  storage=$((${storage:-0} + 1))
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s/graph-%s"\nrunroot = "%s/run-%s"\n' \
    "${DRIVER:-overlay}" "$WORK" $storage "$WORK" $storage > "$CONTAINERS_STORAGE_CONF"
}
new_storage
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" > "$CONTAINERS_REGISTRIES_CONF"
start_registry registry "$port"
buildah info >/dev/null 2>"$WORK/err" || { echo "remote.sh: buildah does not work: $(tail -1 "$WORK/err")" >&2; exit 77; }
log "$(buildah --version)"

# A base for two platforms. The programs of both are this machine's: each image has a RUN that makes a user, and there is no
# emulator here. What is shown is how lists of images come to be, not that programs of other processors run.
mkdir -p "$WORK/root"/{bin,etc,root,tmp}
cp "$(command -v busybox)" "$WORK/root/bin/busybox"
for program in sh id chown mkdir date cat echo sleep adduser; do ln -s busybox "$WORK/root/bin/$program"; done
printf 'root:x:0:0:root:/root:/bin/sh\nflytekit:x:1000:1000::/home/flytekit:/bin/sh\n' > "$WORK/root/etc/passwd"
printf 'root:x:0:\nflytekit:x:1000:\n' > "$WORK/root/etc/group"
buildah manifest create both >/dev/null
for architecture in amd64 arm64; do
  c=$(buildah from --arch $architecture scratch)
  buildah add -q "$c" "$WORK/root" / >/dev/null
  buildah config --arch $architecture --os linux --env PATH=/bin --label architecture=$architecture "$c"
  buildah commit -q --rm "$c" "base-$architecture" >/dev/null && buildah manifest add both "base-$architecture" >/dev/null || exit 77
done
buildah manifest push -q --all --tls-verify=false both "docker://$base" >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; exit 77; }
log "base for two platforms in the registry"

cd "$WORK/project" || exit 77
echo data > file.txt
spec() { # spec FILE NAME OPTIONS [PLATFORM] [COMMAND…]
  python3 - "$@" "$base" "$registry" > "$1" <<'PY'
import json, sys
_, _, name, options, platform, *commands, base, registry = sys.argv
json.dump({"name": name, "registry": registry, "base_image": base, "copy": ["file.txt"], "platform": platform,
           "commands": commands, "builder_options": json.loads(options)}, sys.stdout)
PY
}
build() { # build ENGINE FILE: the digest, or why not
  "$IMAGESPEC" build --engine "$1" --force --json "$2" > "$WORK/out" 2> "$WORK/err" || { tail -5 "$WORK/err" >&2; return 1; }
  python3 -c 'import json, sys; print(json.load(sys.stdin)["digest"])' < "$WORK/out"
}
manifest() { skopeo inspect --raw --tls-verify=false "docker://$1"; }
layers() { manifest "$1" | python3 -c 'import json, sys; print("\n".join(l["digest"] for l in json.load(sys.stdin)["layers"]))'; }

# --- two platforms in one list ----------------------------------------------------------------------------------------

spec both.json both '{"engine": "buildah"}' linux/amd64,linux/arm64
name=$("$IMAGESPEC" name both.json)
digest=$(build buildah both.json)
manifest "$name" > list.json
check "buildah: the digest of a build for two platforms is that of the list" "$digest" "sha256:$(sha256sum < list.json | cut -d' ' -f1)"
check "buildah: the list has both platforms" "linux/amd64 linux/arm64" \
  "$(python3 -c 'import json; print(*sorted(m["platform"]["os"] + "/" + m["platform"]["architecture"] for m in json.load(open("list.json"))["manifests"]))')"
for architecture in amd64 arm64; do
  check "buildah: the image of $architecture is of that base, has its id, and a layer of its own" "$architecture $architecture $("$IMAGESPEC" id both.json) data" \
    "$(skopeo --override-arch $architecture inspect --tls-verify=false --config "docker://$name" | python3 -c '
import json, sys
c = json.load(sys.stdin); l = c["config"]["Labels"]; print(c["architecture"], l["architecture"], l["imagespec.id"])') $(
    rm -rf "$WORK/oci"; skopeo --override-arch $architecture copy -q --src-tls-verify=false "docker://$name" "dir:$WORK/oci"
    for layer in "$WORK"/oci/*; do gzip -dc "$layer" 2>/dev/null | tar -xO root/file.txt 2>/dev/null; done)"
done

# --- fixed times ------------------------------------------------------------------------------------------------------

for options in '{"source_date_epoch": 1700000000}' '{}'; do
  spec times.json times "$options" linux/amd64 'mkdir /made && echo made > /made/file'
  new_storage; first=$(build buildah times.json)
  touch -d @1000000000 file.txt
  # A clock of whole seconds.
  sleep 1.1
  new_storage; second=$(build buildah times.json)
  touch file.txt
  case $options in
    '{}') [ -n "$first" ] && [ -n "$second" ] && [ "$first" != "$second" ] && ok "buildah: without fixed times the digests of two builds differ" || bad "buildah: without fixed times, two builds have one digest: the check below shows nothing" ;;
    *) check_same "buildah: with fixed times, two builds from nothing have one digest" "$first" "$second"
       check "buildah: the image is of that time" 2023-11-14T22:13:20Z \
         "$(skopeo inspect --tls-verify=false --config "docker://$("$IMAGESPEC" name times.json)" | python3 -c 'import json, sys; print(json.load(sys.stdin)["created"])')" ;;
  esac
done

# --- caches in a registry: buildah ------------------------------------------------------------------------------------

cache=$registry/cache/layers
spec kept.json kept "{\"cache_to\": \"$cache\"}" linux/amd64 'date +%s.%N > /stamp'
spec used.json used "{\"cache_from\": \"$cache\"}" linux/amd64 'date +%s.%N > /stamp'
new_storage; build buildah kept.json >/dev/null; new_storage; build buildah used.json >/dev/null
check_contains "buildah: another machine takes layers from the cache" "Cache pulled from remote" "$WORK/err"
stamp() { # stamp IMAGE: the layers' file
  rm -rf "$WORK/oci"; skopeo copy -q --src-tls-verify=false "docker://$1" "dir:$WORK/oci"
  for layer in "$WORK"/oci/*; do gzip -dc "$layer" 2>/dev/null | tar -xO stamp 2>/dev/null; done
}
check_same "buildah: what a step printed the time into is the first machine's" "$(stamp "$("$IMAGESPEC" name kept.json)")" "$(stamp "$("$IMAGESPEC" name used.json)")"
spec inline.json inline '{"cache_to": "inline"}' linux/amd64
"$IMAGESPEC" build --engine buildah --force inline.json > "$WORK/out" 2> "$WORK/err"
check "buildah: an inline cache is refused" 65 $?
check_contains "buildah: with the engines that can" "docker or buildctl" "$WORK/err"

# --- an inline cache: dockerd -----------------------------------------------------------------------------------------

if start_docker; then
  wipe() {
    /usr/bin/docker system prune --all --force >/dev/null 2>&1; /usr/bin/docker builder prune --all --force >/dev/null 2>&1
    check "docker: the daemon has no image and no cache" "0 0" \
      "$(/usr/bin/docker images -q | wc -l) $(/usr/bin/docker system df --format '{{.Type}} {{.TotalCount}}' | sed -n 's/^Build Cache //p')"
  }
  spec first.json first '{"network": "host", "cache_to": "inline"}' linux/amd64 'date +%s.%N > /stamp'
  first=$("$IMAGESPEC" name first.json)
  build docker first.json >/dev/null; check "docker: an image with its cache in it is built" 0 $?
  spec second.json second "{\"network\": \"host\", \"cache_from\": [\"$first\"]}" linux/amd64 'date +%s.%N > /stamp' 'echo more > /more'
  spec control.json control '{"network": "host"}' linux/amd64 'date +%s.%N > /stamp'
  wipe; build docker second.json >/dev/null
  check_contains "docker: the cache of the first image is read" "importing cache manifest from $first" "$WORK/err"
  check_contains "docker: steps are taken from it" " CACHED" "$WORK/err"
  check_same "docker: and their layers are the first image's" "$(stamp "$first")" "$(stamp "$("$IMAGESPEC" name second.json)")"
  check_same "docker: which has all but the last layer" "$(layers "$first")" "$(layers "$("$IMAGESPEC" name second.json)" | sed '$d')"
  wipe; build docker control.json >/dev/null
  control=$(stamp "$("$IMAGESPEC" name control.json)")
  [ -n "$control" ] && [ "$control" != "$(stamp "$first")" ] && ok "docker: without cache_from they are made anew" || bad "docker: without cache_from they are made anew"
  spec fixed.json fixed '{"network": "host", "source_date_epoch": 0}' linux/amd64
  "$IMAGESPEC" build --engine docker --force fixed.json > "$WORK/out" 2> "$WORK/err"
  check "docker without buildx: fixed times are refused" 65 $?
  check_contains "docker without buildx: with the engines that can" "podman or buildah" "$WORK/err"
fi
log "SKIP builders of buildx: see buildx.sh; buildctl: Debian 12 has none, its command lines are compared by the tests"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
