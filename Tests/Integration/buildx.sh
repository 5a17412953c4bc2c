#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds with buildx: with the docker daemon's own builder, whose images are stored by containerd or not, and with remote builders
# that require a client certificate.
#
#   Tests/Integration/buildx.sh [--keep]
#
# Needs root, Debian 12, the archives of Debian 12 and 13, and PyPI. Debian 12 has no buildx: docker, buildx and containerd of Debian 13 are
# unpacked into a directory and not installed. Remote builders are the BuildKits of two docker daemons, with a TLS port of
# their own (buildkit_port.py).
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
#   CACHE         keeps the packages of Debian 13; by default /var/tmp/imagespec-buildx
#   ENGINES_CACHE the CACHE of engines.sh
#   CA            certificates that clients in builds trust
# --keep keeps the working directory.
#
# covers buildx (docker); push, credentials, local image, local base, changed file, network: host
# covers buildx (remote); push, changed file, registry_config, credentials, network: host, compression, cache_to, source_date_epoch
# covers docker 20.10; push, changed file, network: host
# covers buildah; two platforms
set -uo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=$(realpath "${IMAGESPEC:-$package/.build/debug/imagespec}")
CACHE=${CACHE:-/var/tmp/imagespec-buildx}
keep=${1:-}
export DEBIAN_FRONTEND=noninteractive
. "$package/Tests/Integration/checks.bash"

[ "$(id -u)" = 0 ] || { echo "buildx.sh: needs root" >&2; exit 77; }
[ -x "$IMAGESPEC" ] || { echo "buildx.sh: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }

# --- programs -----------------------------------------------------------------------------------------------------------

install() {
  local missing=() pair
  for pair in docker-registry:docker-registry skopeo:skopeo buildah:buildah podman:podman runc:runc mmdebstrap:mmdebstrap dockerd:docker.io busybox:busybox-static \
    python3:python3 openssl:openssl htpasswd:apache2-utils; do
    [ -x "/usr/bin/${pair%%:*}" ] || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair#*:}")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || { echo "buildx.sh: needs ${missing[*]}" >&2; exit 77; }
  # Packages must not start their services.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' > $policy; chmod 755 $policy; made=1; fi
  apt-get update -qq >/dev/null && apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1
  local result=$?
  [ -z "$made" ] || rm -f $policy
  [ $result = 0 ] || { echo "buildx.sh: apt-get cannot install ${missing[*]}" >&2; exit 77; }
  log "installed ${missing[*]}"
}

# unpack_debian_13 DIRECTORY: docker, buildx and containerd, which run with the libraries of Debian 12
unpack_debian_13() {
  [ -x "$1/root/usr/sbin/dockerd" ] && return
  mkdir -p "$1"/{state/lists/partial,cache/archives/partial,debs,root}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" > "$1/sources.list"
  local options=(-o "Dir::Etc::sourcelist=$1/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State=$1/state" -o "Dir::Cache=$1/cache"
    -o Dir::State::status=/dev/null)
  apt-get "${options[@]}" update -qq >/dev/null 2>&1 && (cd "$1/debs" && apt-get "${options[@]}" download -qq docker.io docker-cli docker-buildx containerd) >/dev/null 2>&1 \
    || { echo "buildx.sh: the packages of Debian 13 cannot be downloaded" >&2; exit 77; }
  local deb
  for deb in "$1"/debs/*.deb; do dpkg-deb -x "$deb" "$1/root"; done
}

install
unpack_debian_13 "$CACHE"
WORK=$(mktemp -d /var/tmp/imagespec-buildx-run.XXXXXX)
export PATH=$PATH:/usr/sbin:/sbin
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_AUTH_CONFIG REGISTRY_AUTH_FILE BUILDX_BUILDER BUILDX_CONFIG BUILDKIT_HOST SOURCE_DATE_EPOCH
unset FLYTE_FORCE_PUSH_IMAGE_SPEC FLYTE_PUSH_IMAGE_SPEC FLYTE_IMG_FAST_FAIL FLYTE_INTERNAL_EXECUTION_ID
export HOME=$WORK/home TMPDIR=$WORK/tmp DOCKER_CONFIG=$WORK/config IMAGESPEC_CACHE=$WORK/digests
export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$WORK/storage.conf CONTAINERS_REGISTRIES_CONF=$WORK/registries.conf
mkdir -p "$HOME" "$TMPDIR" "$DOCKER_CONFIG/cli-plugins" "$WORK"/{bin,tls,project,plain}
for program in bin/docker sbin/dockerd bin/containerd bin/containerd-shim-runc-v2 bin/docker-init sbin/docker-proxy; do
  ln -s "$CACHE/root/usr/$program" "$WORK/bin/"
done
ln -s "$CACHE/root/usr/libexec/docker/cli-plugins/docker-buildx" "$DOCKER_CONFIG/cli-plugins/"
# buildah fails if the directory has no such file.
echo '{}' > "$DOCKER_CONFIG/config.json"
with_13=$WORK/bin:$PATH
PATH=$with_13

stop() {
  local pid mount
  [ "$BASHPID" = $$ ] || return
  for pid in $(cat "$WORK"/*.pid 2>/dev/null); do kill "$pid" 2>/dev/null; done
  for pid in $(cat "$WORK"/*.pid 2>/dev/null); do wait_for eval "! kill -0 $pid"; done
  for mount in $(awk -v work="$WORK" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
  [ "$keep" = --keep ] && log "kept $WORK" || rm -rf "$WORK"
}
trap stop EXIT
trap 'exit 130' INT TERM

# --- registries, daemons, certificates ----------------------------------------------------------------------------------

read -r port password_port one_port two_port <<< "$(python3 -c '
import socket
sockets = [socket.socket() for _ in range(4)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')"
registry=localhost:$port
secret=Geheim-$RANDOM$RANDOM
htpasswd -Bbn ci "$secret" > "$WORK/htpasswd" 2>/dev/null
serve_registry() { # serve_registry NAME PORT [YAML]
  printf 'version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s/registry-%s}}\nhttp: {addr: "127.0.0.1:%s", secret: loopback}\n%s\n' \
    "$WORK" "$1" "$2" "${3:-}" > "$WORK/$1.yml"
  docker-registry serve "$WORK/$1.yml" > "$WORK/registry-$1.log" 2>&1 & echo $! > "$WORK/registry-$1.pid"
}
serve_registry open "$port"
serve_registry password "$password_port" "auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"
wait_for python3 -c "import urllib.request as r; r.urlopen('http://$registry/v2/')" || { echo "buildx.sh: no registry" >&2; exit 77; }

start_daemon() { # start_daemon NAME CONTAINERD_STORE
  cat > "$WORK/$1.json" <<J
{ "data-root": "$WORK/data-$1", "exec-root": "$WORK/exec-$1", "pidfile": "$WORK/dockerd-$1.pid", "hosts": ["unix://$WORK/$1.sock"],
  "bridge": "none", "iptables": false, "ip6tables": false, "features": {"buildkit": true, "containerd-snapshotter": $2} }
J
  dockerd --config-file "$WORK/$1.json" > "$WORK/$1.log" 2>&1 &
  wait_for docker --host "unix://$WORK/$1.sock" version || { echo "buildx.sh: no daemon: $(tail -1 "$WORK/$1.log")" >&2; exit 77; }
}
start_daemon one true
start_daemon two false
# A BuildKit whose images docker stores has no exporter for remote clients.
start_daemon far true
log "docker $(docker --host "unix://$WORK/one.sock" version -f '{{.Server.Version}}'), $(docker buildx version | cut -d' ' -f2-)"

certificate() { # certificate NAME SUBJECT [EXTENSIONS]
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$WORK/tls/$1.key" -out "$WORK/tls/$1.csr" 2>/dev/null
  openssl x509 -req -in "$WORK/tls/$1.csr" -CA "$WORK/tls/ca.crt" -CAkey "$WORK/tls/ca.key" -CAcreateserial -days 2 -out "$WORK/tls/$1.crt" \
    -extfile <(printf '%s\n' "${3:-}") 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" -keyout "$WORK/tls/ca.key" -out "$WORK/tls/ca.crt" \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
certificate server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
certificate client "a client"
open_port() { # open_port NAME PORT: the daemon's BuildKit on a port
  python3 "$package/Tests/Integration/buildkit_port.py" "$WORK/$1.sock" "$2" "$WORK/tls/server.crt" "$WORK/tls/server.key" "$WORK/tls/ca.crt" \
    > "$WORK/port-$1.out" 2> "$WORK/port-$1.err" & echo $! > "$WORK/port-$1.pid"
  wait_for grep -q listening "$WORK/port-$1.out"
}
open_port one "$one_port"
open_port far "$two_port"
# The client's own daemon is the second; builders elsewhere need none.
own=unix://$WORK/two.sock
tls="cacert=$WORK/tls/ca.crt,cert=$WORK/tls/client.crt,key=$WORK/tls/client.key"
docker buildx create --name east --driver remote --driver-opt "$tls" "tcp://localhost:$one_port" >/dev/null
docker buildx create --name west --driver remote --driver-opt "$tls" "tcp://localhost:$two_port" >/dev/null
docker buildx create --name stranger --driver remote --driver-opt "cacert=$WORK/tls/ca.crt" "tcp://localhost:$one_port" >/dev/null
docker buildx create --name dead --driver remote tcp://127.0.0.1:9 >/dev/null
check "the client's certificate opens both ports" "running running" \
  "$(for builder in east west; do docker buildx inspect $builder | sed -n 's/^Status: *//p'; done | xargs)"
check "without it, they stay closed" inactive "$(docker buildx inspect stranger | sed -n 's/^Status: *//p')"

# --- a base image and specs ---------------------------------------------------------------------------------------------

printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$WORK" "$WORK" > "$CONTAINERS_STORAGE_CONF"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n[[registry]]\nlocation = "localhost:%s"\ninsecure = true\n' "$registry" "$password_port" > "$CONTAINERS_REGISTRIES_CONF"
base=$registry/base/busybox:both
mkdir -p "$WORK/root"/{bin,etc,root,tmp}
cp "$(command -v busybox)" "$WORK/root/bin/busybox"
for program in sh id chown mkdir date cat echo sleep adduser printf; do ln -s busybox "$WORK/root/bin/$program"; done
printf 'root:x:0:0:root:/root:/bin/sh\nflytekit:x:1000:1000::/home/flytekit:/bin/sh\n' > "$WORK/root/etc/passwd"
printf 'root:x:0:\nflytekit:x:1000:\n' > "$WORK/root/etc/group"
buildah manifest create both >/dev/null
for architecture in amd64 arm64; do
  c=$(buildah from --arch $architecture scratch)
  buildah add -q "$c" "$WORK/root" / >/dev/null
  buildah config --arch $architecture --os linux --env PATH=/bin "$c"
  buildah commit -q --rm "$c" "base-$architecture" >/dev/null && buildah manifest add both "base-$architecture" >/dev/null || exit 77
done
buildah manifest push -q --all --tls-verify=false both "docker://$base" >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; exit 77; }
log "base image in the registry"

cd "$WORK/project" || exit 1
mkdir -p src
echo one > src/main.py
# spec NAME OPTIONS [FIELD=JSON…]: writes NAME.json
spec() {
  python3 - "$registry" "$base" "$@" > "$1.json" <<'PY'
import json, sys
registry, base, name, options, *fields = sys.argv[1:]
spec = {"name": name, "registry": registry, "base_image": base, "source_root": "src", "source_copy_mode": "all", "builder_options": json.loads(options)}
for field in fields:
    key, _, value = field.partition("=")
    spec[key] = json.loads(value)
json.dump({key: value for key, value in spec.items() if value is not None}, sys.stdout)
PY
}
build() { # build FILE [ARGUMENT…]: exit status; out and err
  local file=$1; shift
  "$IMAGESPEC" build --json "$@" "$file" > "$WORK/out" 2> "$WORK/err"
}
result() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "$WORK/out" "$1"; }
digest_in_registry() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum | sed 's/ .*//; s/^/sha256:/'; }
file_in_image() { # file_in_image IMAGE PATH
  rm -rf "$WORK/oci"
  skopeo copy -q --src-tls-verify=false "docker://$1" "dir:$WORK/oci"
  for layer in "$WORK"/oci/*; do gzip -dc "$layer" 2>/dev/null | tar -xO "$2" 2>/dev/null; done
}

# same_size LABEL FILE: an image of a changed file has the file's new bytes. BuildKit keeps the context of the first build and
# transfers only files that it takes for changed.
same_size() {
  local text
  for text in one two six; do
    echo $text > src/main.py
    build "$2" --engine docker || { bad "$1: an image of a changed file is built"; tail -5 "$WORK/err"; return; }
    check "$1: a file that changes and keeps its size is in the image" "$text" "$(file_in_image "$(result image_name)" root/main.py)"
  done
  echo one > src/main.py
}

# --- the daemon's own builder -------------------------------------------------------------------------------------------

for store in one two; do
  export DOCKER_HOST=unix://$WORK/$store.sock
  label="buildx, store of $([ $store = one ] && echo containerd || echo docker)"
  spec own-$store '{"network": "host"}'
  build own-$store.json --engine docker
  check "$label: an image is built and pushed" 0 $?
  check_same "$label: its digest is that of the registry" "$(digest_in_registry "$(result image_name)")" "$(result digest)"
  build own-$store.json
  check "$label: it is found" found "$(result outcome)"
  spec same-$store '{"network": "host"}'
  same_size "$label" same-$store.json
  spec local-$store '{"network": "host"}' registry=null
  build local-$store.json --engine docker; built=$(result digest)
  build local-$store.json --engine docker
  check "$label: an image that is not pushed is found" found "$(result outcome)"
  check_same "$label: with the digest that was reported when it was built" "$built" "$(result digest)"
  spec times-$store '{"network": "host", "source_date_epoch": 0}'
  build times-$store.json --engine docker
  check "$label: fixed times are refused" 65 $?
  spec top-$store '{"network": "host"}' registry=null "base_image=$(cat local-$store.json)"
  build top-$store.json --engine docker
  check "$label: a base image that is not pushed is built on" 0 $?
done
export DOCKER_HOST=$own

# --- remote builders with mutual TLS ------------------------------------------------------------------------------------

spec remote '{"builder": "east", "network": "host"}'
DOCKER_HOST=unix:///nowhere build remote.json
check "a remote builder builds without a local daemon" 0 $?
check_same "and pushes" "$(digest_in_registry "$(result image_name)")" "$(result digest)"
spec remote-same '{"builder": "east", "network": "host"}'
same_size "a remote builder" remote-same.json

spec both '{"builders": ["dead", "west"], "network": "host"}'
start=$SECONDS
build both.json
check "of two builders, the one that answers builds" 0 $?
check_contains "and the other is skipped with a warning" "dead does not answer" "$WORK/err"
[ $((SECONDS - start)) -lt 10 ] && ok "without waiting for it" || bad "without waiting for it ($((SECONDS - start)) s)"
spec gone '{"builder": "dead"}'
start=$SECONDS
build gone.json
check "a builder that does not answer: exit status 69" 69 $?
[ $((SECONDS - start)) -lt 10 ] && ok "at once" || bad "at once ($((SECONDS - start)) s)"
spec none '{}'
BUILDX_BUILDER=nope build none.json --engine docker
check "a wrong BUILDX_BUILDER: exit status 69" 69 $?
spec stranger '{"builder": "stranger"}'
build stranger.json
check "a builder without the client's certificate: exit status 69" 69 $?

spec low '{}' registry=null
spec high '{"builder": "east"}' "base_image=$(cat low.json)"
build high.json
check "a base image that stays here is refused for a remote builder" 65 $?
check_contains "by its name" "base_image: low:" "$WORK/err"

spec fixed '{"builder": "east", "network": "host", "source_date_epoch": 1700000000, "cache": false}' 'commands=["mkdir /made && echo made > /made/file"]'
build fixed.json --force; first=$(result digest)
sleep 1.1
build fixed.json --force
check_same "with fixed times, two builds have one digest" "$first" "$(result digest)"
spec other '{"builder": "west", "network": "host", "source_date_epoch": 1700000000, "cache": false}' 'commands=["mkdir /made && echo made > /made/file"]' 'name="fixed"'
build other.json --force
check_same "and both daemons make the same image, whatever they have built before" "$first" "$(result digest)"

cache=$registry/cache/zstd:1
spec zstd "{\"builder\": \"east\", \"network\": \"host\", \"cache_to\": {\"ref\": \"$cache\", \"mode\": \"max\", \"compression\": \"zstd\", \"oci_mediatypes\": true, \"image_manifest\": true}}"
build zstd.json --force
check "a cache with a compression is written" 0 $?
check "all its layers have that compression" "application/vnd.oci.image.layer.v1.tar+zstd" \
  "$(skopeo inspect --raw --tls-verify=false "docker://$cache" | python3 -c 'import json, sys; print(*sorted({l["mediaType"] for l in json.load(sys.stdin)["layers"]}))')"

# --- credentials of a spec ----------------------------------------------------------------------------------------------

printf '{"auths": {"localhost:%s": {"auth": "%s"}}}' "$password_port" "$(printf 'ci:%s' "$secret" | base64)" > auth.json
spec login '{"builder": "east", "network": "host"}' "registry=\"localhost:$password_port\"" 'registry_config="auth.json"'
build login.json
check "registry_config leaves buildx and its builders in place" 0 $?
build login.json
check "and the image is found with it" found "$(result outcome)"
spec handed '{"builder": "east", "network": "host"}' "registry=\"localhost:$password_port\""
REGISTRY_AUTH_FILE=$PWD/auth.json build handed.json
check "a remote builder gets credentials of podman's file" 0 $?
spec handed-own '{"network": "host"}' "registry=\"localhost:$password_port\""
DOCKER_HOST=unix://$WORK/one.sock DOCKER_AUTH_CONFIG=$(cat auth.json) build handed-own.json --engine docker
check "the daemon's builder gets those of DOCKER_AUTH_CONFIG" 0 $?
check "no file of credentials remains" "" "$(ls "$TMPDIR")"

# --- the platforms of the base image --------------------------------------------------------------------------------------

spec platform '{"builder": "east", "network": "host"}' 'platform="linux/s390x"'
build platform.json
check "a base image without the platform is refused" 65 $?
check_contains "with the platforms that it has" "only for linux/amd64, linux/arm64" "$WORK/err"

# --- the trainer: one digest ---------------------------------------------------------------------------------------------

# The example with packages of Debian and PyPI, built twice by two daemons that have nothing yet.
trainer() {
  local engines=${ENGINES_CACHE:-/var/tmp/imagespec-engines} version c daemon digests= port
  mkdir -p "$engines"
  if [ ! -e "$engines/base.tar" ]; then
    mmdebstrap --quiet --format=tar --variant=minbase --include=python3,ca-certificates --dpkgopt=force-unsafe-io \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' bookworm "$engines/base.tar.$$" &&
      mv -T "$engines/base.tar.$$" "$engines/base.tar" || { log "SKIP trainer: mmdebstrap failed"; return; }
  fi
  if [ ! -x "$engines/uv" ]; then
    version=$(sed -n 's/.*uvImage = ".*:\(.*\)"/\1/p' "$package/Sources/ImageSpecBuilding/RenderingConstants.swift")
    python3 -m venv "$WORK/venv" && "$WORK/venv/bin/pip" install -q "uv==$version" && cp "$WORK/venv/bin/uv" "$engines/uv" ||
      { log "SKIP trainer: no uv from PyPI"; return; }
  fi
  c=$(buildah from scratch)
  buildah add -q "$c" "$engines/base.tar" / >/dev/null
  buildah add -q "$c" "${CA:-/etc/ssl/certs/ca-certificates.crt}" /etc/ssl/certs/ca-certificates.crt >/dev/null
  buildah config --env LANG=C.UTF-8 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$c"
  buildah commit -q --rm "$c" debian >/dev/null && buildah push -q --tls-verify=false debian "docker://$registry/base/debian:12" || return
  c=$(buildah from scratch)
  buildah add -q --chmod 755 "$c" "$engines/uv" /uv >/dev/null
  buildah commit -q --rm "$c" uv >/dev/null && buildah push -q --tls-verify=false uv "docker://$registry/base/uv:1" || return
  cp -r "$package/Examples/trainer" trainer
  for daemon in first second third fourth; do
    start_daemon $daemon true
    port=$(free_port)
    open_port $daemon "$port"
    docker buildx create --name $daemon --driver remote --driver-opt "$tls" "tcp://localhost:$port" >/dev/null
    # The same fields but for the builder, which is in no tag.
    python3 - "$package/Examples/trainer/image.yaml" "$registry" $daemon > trainer/$daemon.yaml <<'PY'
import sys
path, registry, builder = sys.argv[1:]
for line in open(path):
    if line.startswith(("registry:", "python_version:")):
        continue
    sys.stdout.write(line)
print(f"""registry: {registry}
base_image: {registry}/base/debian:12
pip_extra_args: --native-tls
builder_config: {{uv_image: "{registry}/base/uv:1"}}
builder_options: {{builder: {builder}, network: host, source_date_epoch: 1700000000}}""")
PY
    (cd trainer && build $daemon.yaml --force) || { bad "trainer: it is built"; tail -15 "$WORK/err"; return; }
    digests="$digests $(result digest)"
    kill "$(cat "$WORK/port-$daemon.pid")" "$(cat "$WORK/dockerd-$daemon.pid")"
    rm "$WORK/port-$daemon.pid"
  done
  check "trainer: builds by four daemons that have nothing yet have one digest" 1 "$(printf '%s\n' $digests | sort -u | wc -l)"
  log "    $digests"
}
trainer

# --- failures -----------------------------------------------------------------------------------------------------------

spec failing '{"builder": "east", "network": "host"}' 'commands=["echo harmless ERROR here; exit 3"]'
build failing.json
check "a step that fails: exit status 74" 74 $?
check_contains "with its exit status" "exit status 3" "$WORK/err"
spec denied '{"builder": "east", "network": "host"}' "registry=\"localhost:$password_port\""
build denied.json --force
check_contains "a push that fails names the export" "failed at \"exporting to image\": " "$WORK/err"
check_without "without a label" "ERROR: failed to" <(tail -1 "$WORK/err")

start_daemon three true
third_port=$(free_port)
open_port three "$third_port"
docker buildx create --name dying --driver remote --driver-opt "$tls" "tcp://localhost:$third_port" >/dev/null
spec dying '{"builder": "dying", "network": "host"}' 'commands=["echo mar''ker; sleep 60"]'
"$IMAGESPEC" build --json dying.json > "$WORK/out" 2> "$WORK/err" & pid=$!
wait_for grep -qE '[0-9] marker$' "$WORK/err"
kill "$(cat "$WORK/port-three.pid")" "$(cat "$WORK/dockerd-three.pid")"
wait $pid
check "a daemon that dies during a build: exit status 69" 69 $?
check_contains "it is named" "dying no longer responds: " "$WORK/err"

# --- docker 20.10 without buildx ----------------------------------------------------------------------------------------

# The client and the daemon of Debian 12.
PATH=/usr/bin:/usr/sbin:/bin:/sbin
export DOCKER_CONFIG=$WORK/plain
echo '{}' > "$DOCKER_CONFIG/config.json"
if /usr/bin/docker version -f '{{.Client.Version}}' 2>/dev/null | grep -q '^20\.'; then
  cat > "$WORK/old.json" <<J
{ "data-root": "$WORK/data-old", "exec-root": "$WORK/exec-old", "pidfile": "$WORK/dockerd-old.pid", "hosts": ["unix://$WORK/old.sock"],
  "storage-driver": "overlay2", "bridge": "none", "iptables": false, "ip6tables": false, "features": {"buildkit": true} }
J
  /usr/sbin/dockerd --config-file "$WORK/old.json" > "$WORK/old.log" 2>&1 &
  export DOCKER_HOST=unix://$WORK/old.sock
  if wait_for /usr/bin/docker version; then
    head -c 20000000 /dev/urandom > src/large
    spec old '{"network": "host", "engine": "docker"}'
    build old.json --force; check "docker 20.10: an image is built" 0 $?
    check_contains "the context is transferred" "transferring context: 20." "$WORK/err"
    build old.json --force
    check_without "and not a second time" "transferring context: 20." "$WORK/err"
    rm src/large
    spec old-same '{"network": "host"}'
    same_size "docker 20.10" old-same.json
  else
    log "SKIP docker 20.10: $(tail -1 "$WORK/old.log")"
  fi
else
  log "SKIP docker 20.10: docker is another version"
fi

# --- podman and buildah -------------------------------------------------------------------------------------------------

new_storage() {
  storage=$((${storage:-0} + 1))
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/graph-%s"\nrunroot = "%s/run-%s"\n' "$WORK" $storage "$WORK" $storage > "$CONTAINERS_STORAGE_CONF"
}
spec index '{"source_date_epoch": 0}' 'platform="linux/amd64,linux/arm64"'
digests=
for _ in 1 2 3; do
  new_storage
  build index.json --engine buildah --force || { bad "buildah: an image for two platforms is built"; tail -3 "$WORK/err"; }
  digests="$digests $(result digest)"
done
check "buildah: the index of two platforms has one digest" 1 "$(printf '%s\n' $digests | sort -u | wc -l)"
printf '[containers]\ncgroups = "disabled"\n[engine]\nruntime = "runc"\n' > "$WORK/containers.conf"
export CONTAINERS_CONF=$WORK/containers.conf
if podman info >/dev/null 2>&1; then
  new_storage
  spec slow '{}' 'commands=["echo mar''ker; sleep 60"]'
  "$IMAGESPEC" build --json --engine podman slow.json > "$WORK/out" 2> "$WORK/err" & pid=$!
  if wait_for grep -qx marker "$WORK/err"; then
    other=$(buildah from "$base")
    kill -INT $pid; wait $pid
    check "podman: after Ctrl-C, no working container of the build remains" "$other" "$(buildah containers --format '{{.ContainerName}}' | xargs)"
  else
    kill $pid; wait $pid
    log "SKIP podman: $(tail -1 "$WORK/err")"
  fi
else
  log "SKIP podman: $(podman info 2>&1 | tail -1)"
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
