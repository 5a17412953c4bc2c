#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes images without an engine, and compares them with the images that buildah builds from the rendered Dockerfiles: entry by
# entry, and their configurations. Then runs them.
#
#   Tests/Integration/builtin.sh [--keep]
#
# Needs root, Debian 12 and its archive, and PyPI. Installs what is missing: a registry, skopeo, buildah, mmdebstrap, dockerd.
# Everything listens on loopback, and everything that is started is stopped again. builtin.bash has the variables.
#   SECTIONS      by default all
# --keep leaves the working directory.
set -uo pipefail

script=builtin.sh
keep=${1:-}
. "$(dirname "$0")/builtin.bash"
prepare builtin

# --- the images that specs build on ---------------------------------------------------------------------------------

uv_image=ghcr.io/astral-sh/uv:$uv_version
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

# Debian 12 for arm64, unpacked and not set up, because its programs do not run here: its accounts are those of amd64.
root_files arm64.tar --variant=extract --architectures=arm64 --include=python3,libc6,base-files
c=$(buildah from --arch arm64 scratch)
buildah add -q "$c" "$CACHE/arm64.tar" / >/dev/null
mkdir -p "$WORK/accounts/etc"; tar -xf "$CACHE/base.tar" -C "$WORK/accounts" ./etc/passwd ./etc/group ./etc/shadow ./etc/gshadow
for file in passwd group shadow gshadow; do buildah add -q "$c" "$WORK/accounts/etc/$file" /etc/$file >/dev/null; done
buildah config --arch arm64 --env PATH=/usr/local/bin:/usr/bin:/bin "$c"
buildah commit -q --rm "$c" localhost/base:arm64 >/dev/null
buildah manifest create localhost/base:both >/dev/null
buildah manifest add localhost/base:both "$base" >/dev/null; buildah manifest add localhost/base:both localhost/base:arm64 >/dev/null
buildah manifest push -q --all --tls-verify=false localhost/base:both "docker://$registry/base/debian:both" >/dev/null || skip "no base image for two platforms"

# There is no Python for musl in Debian: this base has Debian's musl, and the file of its Python, which only says what it is.
if [ ! -e "$CACHE/musl.deb" ]; then
  { apt-get download -qq musl || { apt-get update -qq && apt-get download -qq musl; }; } >"$WORK/err" 2>&1
  mv musl_*.deb "$CACHE/musl.deb" || { cat "$WORK/err"; skip "musl cannot be downloaded"; }
fi
dpkg -x "$CACHE/musl.deb" "$WORK/musl" || skip "no musl"
mkdir -p "$WORK/musl"/{etc,root,tmp,usr/bin}
tar -xf "$CACHE/base.tar" -C "$WORK/musl" ./usr/bin/python3.11
ln -s python3.11 "$WORK/musl/usr/bin/python3"
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$WORK/musl/etc/passwd"; printf 'root:x:0:\n' > "$WORK/musl/etc/group"
c=$(buildah from scratch); buildah add -q "$c" "$WORK/musl" / >/dev/null
buildah config --env PATH=/usr/bin:/bin "$c"; buildah commit -q --rm "$c" "$registry/base/musl:1" >/dev/null; push "$registry/base/musl:1"
log "base images in the registry"

# --- the project ----------------------------------------------------------------------------------------------------

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
spec nothing
spec source '{"source_root": "src", "source_copy_mode": "all", "copy": ["conf", "odd dir [x] ü", "conf/deep/main.py"]}'
spec env '{"env": {"PATH": "/x:/usr/bin:/bin", "LD_LIBRARY_PATH": "/y", "PYTHONPATH": "", "QUOTED": "a \"b\" $c \\\\ d", "A": "ü"}}'
started="\"base_image\": \"$registry/base/started:1\""
spec entrypoint "{$started, \"entrypoint\": [\"sh\", \"-c\", \"echo started\"]}"
spec cleared "{$started, \"entrypoint\": []}"
spec command "{$started, \"env\": {\"TEAM\": \"x\"}}"
spec used "{\"base_image\": \"$registry/base/used:1\", \"source_root\": \"src\", \"source_copy_mode\": \"all\", \"copy\": [\"conf\"]}"
spec known "{\"base_image\": \"$registry/base/known:1\", \"copy\": [\"conf/run.sh\"]}"
spec removed "{\"base_image\": \"$registry/base/removed:1\", \"packages\": [\"six==1.16.0\"]}"
spec scripts '{"packages": ["requests==2.32.3", "pip==24.2", "jupyterlab-pygments==0.3.0", "ruff==0.6.9"]}'
spec namespaces '{"packages": ["zope.interface==7.0.3", "zope.event==5.0", "PyYAML==6.0.2"]}'
spec extension '{"packages": ["numpy==2.1.1"], "source_root": "src", "source_copy_mode": "all"}'
spec files '{"requirements": "requirements.txt", "packages": ["iniconfig==2.0.0"]}'
spec lock '{"requirements": "lock/uv.lock", "pip_extra_args": "--extra extra"}'
spec version '{"python_version": "3.11"}'
spec exec '{"python_exec": "/usr/bin/python3", "packages": ["six==1.16.0"]}'
spec active "{\"base_image\": \"$registry/base/active:1\", \"packages\": [\"six==1.16.0\"]}"
spec bottom '{"packages": ["six==1.16.0", "requests==2.31.0", "iniconfig==2.0.0"], "copy": ["conf"]}'
spec chain "{\"base_image\": $(cat bottom.json), \"packages\": [\"six==1.17.0\", \"requests==2.32.3\"], \"copy\": [\"conf/run.sh\"]}"
spec both "{\"base_image\": \"$registry/base/debian:both\", \"platform\": \"linux/amd64,linux/arm64\", \"packages\": [\"numpy==2.1.1\"], \"copy\": [\"conf\"]}"
spec musl "{\"base_image\": \"$registry/base/musl:1\", \"packages\": [\"MarkupSafe==3.0.2\"]}"

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

# --- platforms --------------------------------------------------------------------------------------------------------

# machine FILE: the architecture of a program or library
machine() { python3 -c 'import sys; b = open(sys.argv[1], "rb").read(20); print({62: "x86_64", 183: "aarch64"}.get(b[18], b[:4]))' "$1"; }
# unpack NAME ARCHITECTURE DIRECTORY: the files of the layers that this package made
unpack() {
  local layer; rm -rf "$WORK/oci" "$3"; mkdir -p "$3"
  skopeo copy -q --override-arch "$2" --src-tls-verify=false "docker://$("$IMAGESPEC" name "$1.json")" "dir:$WORK/oci" || return 1
  for layer in $(python3 -c 'import json, sys; print(*(l["digest"][7:] for l in json.load(open(sys.argv[1]))["layers"][1:]))' "$WORK/oci/manifest.json"); do
    tar -xzf "$WORK/oci/$layer" -C "$3"
  done
}
platforms() {
  build both || { bad "two platforms"; tail -5 "$WORK/err"; return; }
  check "the index names both platforms" "amd64 arm64" \
    "$(skopeo inspect --raw --tls-verify=false "docker://$("$IMAGESPEC" name both.json)" | python3 -c 'import json, sys; print(*(m["platform"]["architecture"] for m in json.load(sys.stdin)["manifests"]))')"
  unpack both amd64 "$WORK/amd64"; unpack both arm64 "$WORK/arm64"
  local library=opt/venv/lib/python3.11/site-packages/numpy/_core/_multiarray_umath.cpython-311
  check "each has the libraries of its own architecture" "x86_64 aarch64" \
    "$(machine "$WORK/amd64/$library-x86_64-linux-gnu.so") $(machine "$WORK/arm64/$library-aarch64-linux-gnu.so")"
  check "and its configuration says so" arm64 "$(skopeo inspect --override-arch arm64 --tls-verify=false --format '{{.Architecture}}' "docker://$("$IMAGESPEC" name both.json)")"
  python3 "$package/Tests/Integration/images.py" tree "$WORK/amd64/root/conf" > "$WORK/one"; python3 "$package/Tests/Integration/images.py" tree "$WORK/arm64/root/conf" > "$WORK/two"
  check "copied files are the same in both" same "$(cmp "$WORK/one" "$WORK/two" && [ -s "$WORK/one" ] && echo same)"
  build musl || { bad "a base image with musl"; tail -5 "$WORK/err"; return; }
  unpack musl amd64 "$WORK/unpacked"
  check "a base image with musl gets wheels for musl" _speedups.cpython-311-x86_64-linux-musl.so \
    "$(basename "$WORK"/unpacked/opt/venv/lib/python3.11/site-packages/markupsafe/_speedups*.so)"
}

# --- the same bytes, made and sent once -------------------------------------------------------------------------------

bytes() {
  local digest sent
  build scripts --force; digest=$(value digest)
  mkdir -p "$WORK/elsewhere" && cp -a . "$WORK/elsewhere/project" && find "$WORK/elsewhere" -exec touch -hd 2001-01-01 {} +
  check_same "with an empty cache, in another directory, with another umask, the bytes are the same" "$digest" \
    "$(cd "$WORK/elsewhere/project" && umask 077 && IMAGESPEC_CACHE=$WORK/cache2 build scripts --force && value digest)"
  check "without a cache, too" "$digest" "$(IMAGESPEC_CACHE=off build scripts --force && value digest)"
  mkdir "$WORK/other" && chmod 755 "$WORK" && chown -R 65534:65534 "$WORK/other"
  local tool="$IMAGESPEC"
  # The tool and uv may be where another user has no access.
  install -m 755 "$(realpath "$IMAGESPEC")" "$WORK/other/imagespec"; ldd "$IMAGESPEC" | awk '$3 ~ /swift/ {print $3}' | xargs -r -I{} cp -n {} "$WORK/other"
  check "as another user, at another time, with an empty cache of uv" "$digest" "$(
    umask 002
    setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$WORK/other" TMPDIR="$WORK/other" IMAGESPEC_CACHE="$WORK/other/cache" \
      UV_CACHE_DIR="$WORK/other/uv" LD_LIBRARY_PATH="$WORK/other" TZ=Asia/Tokyo LC_ALL=C PATH="$WORK/other/bin:$PATH" \
      faketime -f +2d "$WORK/other/imagespec" build --engine builtin --force --json scripts.json 2> "$WORK/err" > "$WORK/out" && value digest)"
  [ -s "$WORK/out" ] || tail -5 "$WORK/err"
  build scripts --force
  check "nothing is sent twice" "$digest 0" "$(value digest bytes_sent)"
  check "and uv does not run" 0 "$(grep -c 'Using Python' "$WORK/err")"
  build scripts
  check "an image that exists is found" "found $digest" "$(value outcome digest)"
  python3 -c 'import json; s = json.load(open("scripts.json")); s["name"] = "second"; json.dump(s, open("second.json", "w"))'
  build second; sent=$(value bytes_sent)
  check "a second spec with the same packages sends none of them ($sent bytes)" small "$([ "$sent" -lt 20000 ] && echo small)"
  build extension; echo '# changed' >> src/main.py; build extension; sent=$(value bytes_sent)
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

  start_docker || return
  check "docker pulls and runs it" 2.32.3 "$(/usr/bin/docker run --rm --network none "$image" python -c 'import requests; print(requests.__version__)' 2>"$WORK/run.err"; tail -1 "$WORK/run.err" >&2)"
  build extension --output "$WORK/image.tar" --force || { bad "archive"; tail -3 "$WORK/err"; }
  /usr/bin/docker load -q -i "$WORK/image.tar" > "$WORK/load" 2>&1
  check "docker $(/usr/bin/docker version -f '{{.Server.Version}}') loads the archive" "Loaded image: $(value image_name)" "$(cat "$WORK/load")"
  check "and runs the image" 2.1.1 "$(/usr/bin/docker run --rm --network none "$(value image_name)" python -c 'import numpy; print(numpy.__version__)' 2>&1)"
  python3 -c 'import json; s = json.load(open("scripts.json")); del s["registry"]; json.dump(s, open("local.json", "w"))'
  build local; check "without a registry, the image is loaded into docker" "$(value digest)" "$(/usr/bin/docker image inspect -f '{{.Id}}' "$(value image_name)")"
  build local; check "and found there the second time" found "$(value outcome)"
}

# --- a Flyte task -----------------------------------------------------------------------------------------------------

task() {
  mkdir -p tasks
  printf 'from flytekit import task\n\n\n@task\ndef doubled(number: int) -> int:\n    return 2 * number\n' > tasks/numbers_.py
  spec task '{"packages": ["flytekit==1.16.31"], "source_root": "tasks", "source_copy_mode": "all"}'
  build task || { bad "a task: built"; tail -5 "$WORK/err"; return; }
  local image c; image=$(value image_name)
  log "     flytekit and what it needs: $(python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(len(r["layers"]), "layers,", r["bytes_sent"] >> 20, "MiB sent")' "$WORK/out")"
  buildah pull -q --tls-verify=false "docker://$image" >/dev/null
  c=$(buildah from --pull-never "$image")
  check "pyflyte-execute runs a task of a copied module" 14 "$(buildah run "$c" -- sh -ec '
    out=$(mktemp -d)
    python -c "
import sys
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
literals = TypeEngine.dict_to_literal_map(FlyteContextManager.current_context(), {\"number\": 7}, {\"number\": int})
open(sys.argv[1], \"wb\").write(literals.to_flyte_idl().SerializeToString())" "$out/inputs.pb"
    pyflyte-execute --inputs "$out/inputs.pb" --output-prefix "$out" --raw-output-data-prefix "$out/raw" \
      --resolver flytekit.core.python_auto_container.default_task_resolver -- task-module numbers_ task-name doubled >"$out/log" 2>&1 || tail -5 "$out/log"
    python -c "
import sys
from flyteidl.core.literals_pb2 import LiteralMap
outputs = LiteralMap()
outputs.ParseFromString(open(sys.argv[1], \"rb\").read())
print(outputs.literals[\"o0\"].scalar.primitive.integer)" "$out/outputs.pb"; sleep 0.1' 2>&1 | tail -1)"
  buildah rm "$c" >/dev/null
}

# --- outputs ---------------------------------------------------------------------------------------

outputs() {
  build scripts --output "oci:$WORK/layout" --force
  check_same "skopeo reads the layout" "$(value digest)" "$(skopeo inspect --format '{{.Digest}}' "oci:$WORK/layout:$(value image_name | sed 's/.*://')" 2>&1)"
  build scripts --output "$WORK/one.tar"; build scripts --output "$WORK/two.tar"
  check_same "an archive has the same bytes twice" "$(sha256sum < "$WORK/one.tar")" "$(sha256sum < "$WORK/two.tar")"
  check_same "and the manifest of the registry" "$(build scripts --force && value digest)" "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$WORK/one.tar" 2>&1)"
  build chain --output "$WORK/chain.tar"
  check "base specs are built for an archive" built "$(value outcome)"
}

for section in ${SECTIONS:-equality platforms bytes runs task outputs}; do $section; done
finish
