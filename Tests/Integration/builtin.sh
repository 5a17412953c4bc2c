#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes images without an engine, and compares them with the images that buildah builds from the rendered Dockerfiles: entry by
# entry, and their configurations. Then runs them.
#
#   Tests/Integration/builtin.sh [--keep]
#
# Needs root, Debian 12 and its archive, and PyPI. Installs what is missing: a registry, skopeo, buildah, mmdebstrap, dockerd.
# Everything listens on loopback, and everything that is started is stopped again.
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
#   CACHE         keeps the base image's files and uv between runs; by default /var/tmp/imagespec-engines
#   CA            certificates that clients in builds trust; they become part of the base image
# --keep leaves the working directory.
set -uo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
CACHE=${CACHE:-/var/tmp/imagespec-engines}
CA=${CA:-/etc/ssl/certs/ca-certificates.crt}
keep=${1:-}
export DEBIAN_FRONTEND=noninteractive

. "$package/Tests/Integration/checks.bash"

[ "$(id -u)" = 0 ] || { echo "builtin.sh: needs root" >&2; exit 77; }
[ -x "$IMAGESPEC" ] || { echo "builtin.sh: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }

install() {
  local missing=() pair
  for pair in docker-registry:docker-registry skopeo:skopeo buildah:buildah mmdebstrap:mmdebstrap dockerd:docker.io runc:runc \
    python3:python3; do
    [ -x "/usr/bin/${pair%%:*}" ] || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair#*:}")
  done
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || { echo "builtin.sh: needs ${missing[*]}" >&2; exit 77; }
  # Packages must not start their services.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' > $policy; chmod 755 $policy; made=1; fi
  apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1
  local result=$?
  [ -z "$made" ] || rm -f $policy
  [ $result = 0 ] || { echo "builtin.sh: apt-get cannot install ${missing[*]}" >&2; exit 77; }
}

install
mkdir -p "$CACHE"
WORK=$(mktemp -d /var/tmp/imagespec-builtin.XXXXXX)
port=$(free_port)
registry=localhost:$port
base=$registry/base/debian:py311
unset DOCKER_CONFIG REGISTRY_AUTH_FILE FLYTE_FORCE_PUSH_IMAGE_SPEC FLYTE_PUSH_IMAGE_SPEC FLYTE_IMG_FAST_FAIL FLYTE_INTERNAL_EXECUTION_ID PIP_FIND_LINKS
export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$WORK/storage.conf DOCKER_HOST=unix://$WORK/docker.sock
export TMPDIR=$WORK/tmp IMAGESPEC_CACHE=$WORK/cache UV_CACHE_DIR=$WORK/uv-cache
mkdir -p "$TMPDIR" "$WORK/project" "$WORK/bin"

stop() {
  local pid
  [ "$BASHPID" = $$ ] || return
  for name in docker registry; do
    pid=$(cat "$WORK/$name.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null
    wait_for eval "! kill -0 $pid"
  done
  buildah rm --all >/dev/null 2>&1
  for mount in $(awk -v work="$WORK" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
  [ "$keep" = --keep ] && log "kept $WORK" || rm -rf "$WORK"
}
trap stop EXIT
trap 'exit 130' INT TERM

printf '[storage]\ndriver = "%s"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "${DRIVER:-overlay}" "$WORK" "$WORK" > "$CONTAINERS_STORAGE_CONF"
cat > "$WORK/registry.yml" <<Y
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $WORK/registry}
http: {addr: "127.0.0.1:$port", secret: loopback}
Y
docker-registry serve "$WORK/registry.yml" > "$WORK/registry.log" 2>&1 & echo $! > "$WORK/registry.pid"
wait_for python3 -c "import urllib.request as r; r.urlopen('http://$registry/v2/')" || { echo "builtin.sh: no registry" >&2; exit 77; }

# --- the images that specs build on ---------------------------------------------------------------------------------

uv_version=$(sed -n 's/.*uvImage = ".*:\(.*\)"/\1/p' "$package/Sources/ImageSpec/Building/RenderingConstants.swift")
uv_image=ghcr.io/astral-sh/uv:$uv_version
if [ ! -e "$CACHE/base.tar" ]; then
  mmdebstrap --quiet --variant=minbase --include=python3,ca-certificates --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' bookworm "$CACHE/base.tar.new" &&
    mv "$CACHE/base.tar.new" "$CACHE/base.tar" || { echo "builtin.sh: mmdebstrap failed" >&2; exit 77; }
  log "root file system of Debian 12"
fi
if [ "$("$CACHE/uv" --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
  python3 -m venv "$WORK/venv" && "$WORK/venv/bin/pip" install -q "uv==$uv_version" && cp "$WORK/venv/bin/uv" "$CACHE/uv" ||
    { echo "builtin.sh: no uv from PyPI" >&2; exit 77; }
  log "uv $uv_version from PyPI"
fi
ln -s "$CACHE/uv" "$WORK/bin/uv"
export PATH=$WORK/bin:$PATH:/usr/sbin:/sbin

push() { buildah push -q --tls-verify=false "$1" "docker://$1"; }
# derive NAME [CONFIG…] -- COMMAND: an image on the base
derive() {
  local name=$1 c config=(); shift
  while [ "$1" != -- ]; do config+=("$1"); shift; done
  c=$(buildah from --pull-never "$base")
  buildah run "$c" -- sh -ec "$2" >"$WORK/err" 2>&1 || { cat "$WORK/err"; exit 1; }
  [ ${#config[@]} = 0 ] || buildah config "${config[@]}" "$c"
  buildah commit -q --rm "$c" "$name" >/dev/null && push "$name"
}
c=$(buildah from scratch)
buildah add -q "$c" "$CACHE/base.tar" / >/dev/null
buildah add -q "$c" "$CA" /etc/ssl/certs/ca-certificates.crt >/dev/null
buildah config --env LANG=C.UTF-8 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt --cmd '["/bin/bash"]' "$c"
buildah commit -q --rm "$c" "$base" >/dev/null; push "$base" || exit 77
c=$(buildah from scratch); buildah add -q --chmod 755 "$c" "$CACHE/uv" /uv >/dev/null; buildah commit -q --rm "$c" "$uv_image" >/dev/null
derive "$registry/base/started:1" --user nobody --entrypoint '["/bin/false"]' --cmd '["x"]' --label team=ml --port 80 --env LD_LIBRARY_PATH=/opt/lib -- :
derive "$registry/base/used:1" -- '
  groupadd -g 1000 staff2; useradd -m -u 1000 -g 1000 first; useradd -r -u 400 system; mkdir -p /root/conf/deep /etc/skel/dir
  echo old > /root/conf/settings.txt; chmod 700 /root/conf; chown 5:6 /root/conf/deep; echo x > /etc/skel/dir/file; ln -s conf /root/alias
  printf "HOME_MODE 0750\nUID_MIN 2000\nGID_MIN 3000\n" >> /etc/login.defs; sed -i "/^[UG]ID_MIN.*1000$/d" /etc/login.defs; rm /etc/subuid'
derive "$registry/base/known:1" -- 'useradd -u 1234 -m -d /srv/f flytekit; chown -R flytekit /root'
derive "$registry/base/active:1" --env VIRTUAL_ENV=/srv/env --env 'PATH=/srv/env/bin:/usr/local/bin:/usr/bin:/bin' -- '
  mkdir -p /srv/env/bin /srv/env/lib/python3.11/site-packages; ln -s /usr/bin/python3.11 /srv/env/bin/python; ln -s python /srv/env/bin/python3
  printf "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n" > /srv/env/pyvenv.cfg'
derive "$registry/base/removed:1" -- 'rm -rf /etc/skel /root/.bashrc /etc/gshadow; rm -rf /opt; mkdir -m 750 /opt; chgrp 4 /opt'
log "base images in the registry"

# --- the project ----------------------------------------------------------------------------------------------------

cd "$WORK/project"
mkdir -p src/pkg src/empty conf/deep 'odd dir [x] ü'
echo 'import pkg; print("hello")' > src/main.py; echo > src/pkg/__init__.py; ln -s main.py src/alias.py; ln -s pkg src/linked
echo setting > conf/settings.txt; printf '#!/bin/sh\necho ran\n' > conf/run.sh; chmod 751 conf/run.sh; ln -s run.sh conf/deep/up
echo odd > 'odd dir [x] ü/file é'; echo shadowed > conf/deep/main.py
long=$(printf 'long-%.0s' $(seq 30)); mkdir -p "src/$long"; echo long > "src/$long/$long.txt"
printf 'six==1.16.0 # pinned\n-r more.txt\n' > requirements.txt; echo 'toml==0.10.2' > more.txt
mkdir lock; cat > lock/pyproject.toml <<'T'
[project]
name = "locked"
version = "1"
requires-python = ">=3.9"
dependencies = ["idna==3.10", "colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
extra = ["toml==0.10.2"]
[dependency-groups]
dev = ["six"]
T
(cd lock && uv lock -q) || { echo "builtin.sh: uv lock failed" >&2; exit 77; }
cat > specs.py <<PY
import json
registry, base = "$registry", "$base"
def spec(name, **fields):
    fields = {"name": name, "registry": registry + "/acme", "base_image": base, "builder_options": {"network": "host"}, **fields}
    json.dump(fields, open(name + ".json", "w"))
    return fields
spec("nothing")
spec("source", source_root="src", source_copy_mode="all", copy=["conf", "odd dir [x] ü", "conf/deep/main.py"])
spec("env", env={"PATH": "/x:/usr/bin:/bin", "LD_LIBRARY_PATH": "/y", "PYTHONPATH": "", "QUOTED": 'a "b" \$c \\\\ d', "A": "ü"})
spec("entrypoint", entrypoint=["sh", "-c", "echo started"], base_image=registry + "/base/started:1")
spec("cleared", entrypoint=[], base_image=registry + "/base/started:1")
spec("command", base_image=registry + "/base/started:1", env={"TEAM": "x"})
spec("used", base_image=registry + "/base/used:1", source_root="src", source_copy_mode="all", copy=["conf"])
spec("known", base_image=registry + "/base/known:1", copy=["conf/run.sh"])
spec("removed", base_image=registry + "/base/removed:1", packages=["six==1.16.0"])
spec("scripts", packages=["requests==2.32.3", "pip==24.2", "jupyterlab-pygments==0.3.0", "ruff==0.6.9"])
spec("namespaces", packages=["zope.interface==7.0.3", "zope.event==5.0", "PyYAML==6.0.2"])
spec("extension", packages=["numpy==2.1.1"], source_root="src", source_copy_mode="all")
spec("files", requirements="requirements.txt", packages=["iniconfig==2.0.0"])
spec("lock", requirements="lock/uv.lock", pip_extra_args="--extra extra")
spec("version", python_version="3.11")
spec("exec", python_exec="/usr/bin/python3", packages=["six==1.16.0"])
spec("active", base_image=registry + "/base/active:1", packages=["six==1.16.0"])
bottom = spec("bottom", packages=["six==1.16.0", "requests==2.31.0", "iniconfig==2.0.0"], copy=["conf"])
spec("chain", base_image=bottom, packages=["six==1.17.0", "requests==2.32.3"], copy=["conf/run.sh"])
PY
python3 specs.py

# --- equality with the image of the Dockerfile ------------------------------------------------------------------------

files() { # files IMAGE OUTPUT: its entries and its configuration
  local c; c=$(buildah from --pull-never "$1")
  python3 "$package/Tests/Integration/images.py" tree "$(buildah mount "$c")" > "$2.tree"
  buildah rm "$c" >/dev/null
  buildah inspect --type image "$1" | python3 -c 'import json, sys; json.dump(json.load(sys.stdin)["OCIv1"]["config"], sys.stdout)' > "$2.config"
}

render_and_build() { # render_and_build NAME: the image of the Dockerfile, under its own name
  local name; rm -rf "$WORK/context"
  name=$("$IMAGESPEC" context "$1.json" "$WORK/context") &&
    buildah build --layers --pull-never --network host -t "$name" "$WORK/context" > "$WORK/$1.log" 2>&1
}

# build NAME [ARGUMENT…]: without an engine; the result is in $WORK/out
build() { local name=$1; shift; "$IMAGESPEC" build --engine builtin --json "$@" "$name.json" > "$WORK/out" 2> "$WORK/err"; }
value() { python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(*(r[k] for k in sys.argv[2:]))' "$WORK/out" "$@"; }

same() { # same NAME: builds it in both ways and compares
  local name=$1 image; image=$("$IMAGESPEC" name "$name.json")
  render_and_build "$name" || { bad "$name: buildah"; tail -5 "$WORK/$name.log"; return; }
  files "$image" "$WORK/reference"
  # The layers are kept for later builds, but not the name.
  buildah tag "$image" "localhost/reference/$name:1"; buildah rmi "$image" >/dev/null
  build "$name" || { bad "$name: builtin"; tail -5 "$WORK/err"; return; }
  buildah pull -q --tls-verify=false "docker://$image" >/dev/null || { bad "$name: pulled"; return; }
  check_same "$name: what is pulled was made" "$(value digest)" "$(buildah inspect --type image --format '{{.FromImageDigest}}' "$image")"
  files "$image" "$WORK/made"
  check "$name: equal to the image of the Dockerfile" "" "$(python3 "$package/Tests/Integration/images.py" compare "$WORK/reference.tree" "$WORK/made.tree" "$WORK/reference.config" "$WORK/made.config" | head -20)"
  buildah rmi -f "$image" >/dev/null 2>&1
}

equality() {
  local name
  for name in nothing source env entrypoint cleared command used known removed scripts namespaces extension files lock version exec active; do
    same "$name"
  done
  # The base of a chain, as buildah builds it, has the name that the Dockerfile refers to.
  render_and_build bottom || bad "bottom: buildah"
  same chain
}

# --- the same bytes, made and sent once -------------------------------------------------------------------------------

bytes() {
  local digest
  build scripts --force; digest=$(value digest)
  mkdir -p "$WORK/elsewhere" && cp -a . "$WORK/elsewhere/project" && find "$WORK/elsewhere" -exec touch -hd 2001-01-01 {} +
  check "with an empty cache, in another directory, with another umask, the bytes are the same" "$digest" \
    "$(cd "$WORK/elsewhere/project" && umask 077 && IMAGESPEC_CACHE=$WORK/cache2 build scripts --force && value digest)"
  check "without a cache, too" "$digest" "$(IMAGESPEC_CACHE=off build scripts --force && value digest)"
  build scripts --force
  check "nothing is sent twice" "$digest 0" "$(value digest bytes_sent)"
  check "and uv does not run" 0 "$(grep -c 'Using Python' "$WORK/err")"
  build scripts
  check "an image that exists is found" "found $digest" "$(value outcome digest)"
  build extension; echo '# changed' >> src/main.py; build extension; local sent; sent=$(value bytes_sent)
  check "a changed file is a small layer ($sent bytes)" small "$([ "$sent" -lt 10000 ] && echo small)"
}

# --- it runs ----------------------------------------------------------------------------------------------------------

runs() {
  local image c
  build scripts --force; image=$(value image_name)
  buildah pull -q --tls-verify=false "docker://$image" >/dev/null
  c=$(buildah from --pull-never "$image")
  check "packages import, and scripts start" "2.32.3 3.11 flytekit /root pip 24.2" \
    "$(buildah run "$c" -- sh -c 'python -c "import requests, sys; print(requests.__version__, \"%d.%d\" % sys.version_info[:2])"; id -un; pwd; pip3.11 --version | cut -d" " -f1,2; sleep 0.1' | tr '\n' ' ' | sed 's/ $//')"
  check "the id is that of the spec" "$("$IMAGESPEC" id scripts.json)" "$(buildah run "$c" -- sh -c 'echo $_F_IMG_ID; sleep 0.1')"
  check "login shells find the environment" /opt/venv/bin/python "$(buildah run "$c" -- sh -lc 'command -v python; sleep 0.1')"
  buildah rm "$c" >/dev/null

  cat > "$WORK/daemon.json" <<J
{ "data-root": "$WORK/docker", "exec-root": "$WORK/docker-exec", "pidfile": "$WORK/dockerd.pid", "hosts": ["$DOCKER_HOST"],
  "storage-driver": "overlay2", "bridge": "none", "iptables": false, "ip6tables": false }
J
  dockerd --config-file "$WORK/daemon.json" > "$WORK/docker.log" 2>&1 & echo $! > "$WORK/docker.pid"
  if ! wait_for /usr/bin/docker version; then log "SKIP docker: $(tail -1 "$WORK/docker.log")"; return; fi
  check "docker pulls and runs it" 2.32.3 "$(/usr/bin/docker run --rm --network none "$image" python -c 'import requests; print(requests.__version__)' 2>"$WORK/run.err"; tail -1 "$WORK/run.err" >&2)"
  build extension --output "$WORK/image.tar" --force || { bad "archive"; tail -3 "$WORK/err"; }
  /usr/bin/docker load -q -i "$WORK/image.tar" > "$WORK/load" 2>&1
  check "docker $(/usr/bin/docker version -f '{{.Server.Version}}') loads the archive" "Loaded image: $(value image_name)" "$(cat "$WORK/load")"
  check "and runs the image" 2.1.1 "$(/usr/bin/docker run --rm --network none "$(value image_name)" python -c 'import numpy; print(numpy.__version__)' 2>&1)"
  python3 -c 'import json; s = json.load(open("scripts.json")); del s["registry"]; json.dump(s, open("local.json", "w"))'
  build local; check "without a registry, the image is loaded into docker" "$(value digest)" "$(/usr/bin/docker image inspect -f '{{.Id}}' "$(value image_name)")"
  build local; check "and found there the second time" found "$(value outcome)"
}

# --- outputs, platforms, refusals ---------------------------------------------------------------------------------------

outputs() {
  build scripts --output "oci:$WORK/layout" --force
  check_same "skopeo reads the layout" "$(value digest)" "$(skopeo inspect --format '{{.Digest}}' "oci:$WORK/layout:$(value image_name | sed 's/.*://')" 2>&1)"
  build scripts --output "$WORK/one.tar"; build scripts --output "$WORK/two.tar"
  check_same "an archive has the same bytes twice" "$(sha256sum < "$WORK/one.tar")" "$(sha256sum < "$WORK/two.tar")"
  check_same "and the manifest of the registry" "$(build scripts --force && value digest)" "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$WORK/one.tar" 2>&1)"
  build chain --output "$WORK/chain.tar"
  check "base specs are built for an archive" built "$(value outcome)"
}

refusals() {
  local fields
  for fields in '{"apt_packages": ["git"]}' '{"commands": ["true"]}' '{"conda_packages": ["numpy"]}' '{"builder_options": {"sbom": true}}'; do
    python3 -c 'import json, sys; json.dump({**json.load(open("nothing.json")), **json.loads(sys.argv[1])}, open("refused.json", "w"))' "$fields"
    "$IMAGESPEC" build --engine builtin refused.json > "$WORK/out" 2> "$WORK/err"; local status=$?
    check "$fields is refused ($(head -c 160 "$WORK/err"))" "65 ${fields:2:4}" "$status $(grep -o "${fields:2:4}" "$WORK/err" | head -1)"
  done
  python3 -c 'import json; json.dump({**json.load(open("nothing.json")), "packages": ["docopt==0.6.2"]}, open("refused.json", "w"))'
  build refused; check_contains "a package without a wheel is refused" "installs only wheels" "$WORK/err"
  check "and has no tag" "" "$(skopeo inspect --no-tags --tls-verify=false "docker://$("$IMAGESPEC" name refused.json)" 2>/dev/null)"
}

interruptions() {
  local left i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$WORK/cache3"
    # A shell makes its background processes ignore the signal.
    IMAGESPEC_CACHE=$WORK/cache3 python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
      "$IMAGESPEC" build --engine builtin --quiet --output "$WORK/killed.tar" scripts.json > "$WORK/out" 2> "$WORK/err" &
    sleep "$(python3 -c 'import random; print(random.random() * 1.5)')"; kill -INT $! 2>/dev/null; wait $! 2>/dev/null
    left+=$(ls "$TMPDIR" | grep imagespec-)
    rm -f "$WORK/killed.tar"
  done
  check "interrupted at ten moments, nothing is left" "" "$left"
  build scripts --force; local digest; digest=$(value digest)
  check "and the next build is right" "$digest" "$(IMAGESPEC_CACHE=$WORK/cache3 build scripts --force && value digest)"
}

for section in ${SECTIONS:-equality bytes runs outputs refusals interruptions}; do $section; done
log "$passed passed, $failed failed"
[ "$failed" = 0 ]
