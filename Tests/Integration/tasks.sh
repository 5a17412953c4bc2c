#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds images for Flyte tasks with buildah, and runs tasks in them as a cluster does: pyflyte-execute with an inputs.pb.
# Builds specs whose requirements, settings or base images once failed in the build.
#
#   Tests/Integration/tasks.sh [--keep]
#
# Needs root (chroot isolation), Python 3 with venv and pip, the package index, and Debian's buildah and mmdebstrap, which
# it installs if they are missing. buildah.bash has the variables that choose others. PARTS names functions of this script.
set -euo pipefail

script=tasks.sh
package=$(cd "$(dirname "$0")/../.." && pwd)
. "$package/Tests/Integration/checks.bash"
. "$package/Tests/Integration/buildah.bash"
if ! command -v buildah mmdebstrap >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update && apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends buildah mmdebstrap; } >/dev/null 2>&1 || true
fi
prepare_buildah

flytekit=flytekit==1.16.31
# Where the network has certificates of its own, clients in a build get them by the mount for secrets.
network="\"env\": {\"SSL_CERT_FILE\": \"/etc/imagespec-ca.crt\", \"REQUESTS_CA_BUNDLE\": \"/etc/imagespec-ca.crt\"},
  \"pip_secret_mounts\": [[\"$CA\", \"/etc/imagespec-ca.crt\"]]"
build_with_network() { build "$1" --secret "id=secret_0,src=$CA"; }
# missing NAME MODULE: what python says of a module that is not there
missing() { inside "$1" python -c "import $2" | grep -o 'ModuleNotFoundError' || true; }
uv_lock() { (cd "$WORK/project/$1" && SSL_CERT_FILE=$CA "$UV" lock -q --cache-dir "$WORK/uv-cache"); }

project() {
  rm -rf "$WORK/project"
  mkdir -p "$WORK/project"/src/{utils,pipelines,scripts}
  cd "$WORK/project/src"
  printf 'def double(number: int) -> int:\n    return 2 * number\n' > utils/__init__.py
  touch pipelines/__init__.py
  cat > pipelines/main.py <<'PY'
from flytekit import task
from utils import double


@task
def doubled(number: int) -> int:
    return double(number)
PY
  # The name of a module of Python's own.
  cat > code.py <<'PY'
from flytekit import task


@task
def tripled(number: int) -> int:
    return 3 * number
PY
  printf 'from utils import double\n\nprint(double(21))\n' > scripts/run.py
  echo 'ORIGIN = "source"' > settings.py
  echo 'ORIGIN = "copy"' > ../settings.py
}

# --- a task in its image -------------------------------------------------------------------------------------------

# execute CONTAINER DIRECTORY MODULE TASK: runs a task with the number 7 in a directory, and prints its output
execute() {
  buildah run --workingdir "$2" "$1" -- sh -c '
    set -e
    out=$(mktemp -d)
    python -c "
import sys
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
values = {\"number\": 7}
literals = TypeEngine.dict_to_literal_map(FlyteContextManager.current_context(), values, {\"number\": int})
open(sys.argv[1], \"wb\").write(literals.to_flyte_idl().SerializeToString())" "$out/inputs.pb"
    pyflyte-execute --inputs "$out/inputs.pb" --output-prefix "$out" --raw-output-data-prefix "$out/raw" \
      --resolver flytekit.core.python_auto_container.default_task_resolver -- task-module "$1" task-name "$2" >"$out/log" 2>&1 \
      || { tail -5 "$out/log"; exit 1; }
    [ ! -e "$out/error.pb" ] || { echo error.pb; strings "$out/error.pb" 2>/dev/null || cat "$out/error.pb"; exit 1; }
    python -c "
import sys
from flyteidl.core.literals_pb2 import LiteralMap
outputs = LiteralMap()
outputs.ParseFromString(open(sys.argv[1], \"rb\").read())
print(outputs.literals[\"o0\"].scalar.primitive.integer)" "$out/outputs.pb"
    sleep 0.1' sh "$3" "$4" 2>&1 | tail -8
}

# start CONTAINER: the median time of five starts of pyflyte-execute, in milliseconds
start() {
  ask "$1" env PYTHONDONTWRITEBYTECODE=1 python -c '
import statistics, subprocess, time
times = []
for _ in range(5):
    begin = time.monotonic()
    subprocess.run(["pyflyte-execute", "--help"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    times.append(time.monotonic() - begin)
print(round(1000 * statistics.median(times)))'
}

task_image() {
  render task <<JSON
{"base_image": "$base", "packages": ["$flytekit"], "source_root": "src", "source_copy_mode": "all", "copy": ["settings.py"],
 "env": {"FLYTE_SDK_RICH_TRACEBACKS": "0", "SSL_CERT_FILE": "/etc/imagespec-ca.crt"},
 "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  build_with_network task || return 0
  local c mount compiled
  c=$(buildah from --pull-never localhost/imagespec/task:test); mount=$(buildah mount "$c")
  # Before anything has run in this container.
  compiled=$(find "$mount/opt/venv" -path '*/flytekit/*' -name '*.pyc' -print -quit)
  check "flytekit is in the image as byte code" "yes" "$([ -n "$compiled" ] && echo yes)"
  check "byte code is valid by the digest of its source" "3" "$(od -An -t u4 -j 4 -N 4 "$compiled" | tr -d ' ')"
  check "every module of flytekit has byte code" "0" "$(python3 - "$mount/opt/venv" <<'PY'
import pathlib, sys
modules = [m for m in pathlib.Path(sys.argv[1]).rglob("site-packages/flytekit/**/*.py")]
assert modules
print(sum(not list((m.parent / "__pycache__").glob(m.stem + ".*.pyc")) for m in modules))
PY
)"
  check "a task in a package that imports another" "14" "$(execute "$c" /root pipelines.main doubled)"
  check "the same from another directory" "14" "$(execute "$c" /tmp pipelines.main doubled)"
  check "a task in a module with the name of Python's own" "21" "$(execute "$c" /tmp code tripled)"
  check "a script below the directory imports a package of the project" "42" "$(ask "$c" python /root/scripts/run.py)"
  check "copy replaces a file of the source tree" "copy" "$(ask "$c" python -c 'import settings; print(settings.ORIGIN)')"
  # Login shells, with the profile of Debian, as bash and as dash read it.
  check "bash -lc finds the environment" "/opt/venv/bin/python" "$(ask "$c" bash -lc 'command -v python')"
  check "sh -lc finds the environment" "/opt/venv/bin/python" "$(ask "$c" sh -lc 'command -v python')"
  check "bash -lc has the PATH of the image" "$(ask "$c" printenv PATH)" "$(ask "$c" bash -lc 'printenv PATH')"
  check "bash -lc imports the project" "42" "$(ask "$c" bash -lc 'cd /tmp && python /root/scripts/run.py')"
  # What a cluster mounts.
  mkdir -p "$mount/usr/local/nvidia/bin" "$mount/usr/local/nvidia/lib64"
  printf '#!/bin/sh\necho driver 1\n' > "$mount/usr/local/nvidia/bin/nvidia-smi"; chmod 755 "$mount/usr/local/nvidia/bin/nvidia-smi"
  cp -L "$mount"/usr/lib/*/libm.so.6 "$mount/usr/local/nvidia/lib64/libcuda.so.1"
  check "nvidia-smi is found" "driver 1" "$(ask "$c" nvidia-smi)"
  check "nvidia-smi is found by login shells" "driver 1" "$(ask "$c" bash -lc nvidia-smi)"
  check "libcuda.so.1 is found" "4.0" "$(ask "$c" python -c '
import ctypes
library = ctypes.CDLL("libcuda.so.1"); library.sqrt.restype = ctypes.c_double; library.sqrt.argtypes = [ctypes.c_double]
print(library.sqrt(16.0))')"
  check "no entry of LD_LIBRARY_PATH is empty" "/usr/local/nvidia/lib64" "$(ask "$c" printenv LD_LIBRARY_PATH)"
  # With byte code, and without.
  local with without
  with=$(start "$c")
  find "$mount/opt/venv" -name __pycache__ -prune -exec rm -rf {} +
  without=$(start "$c")
  log "pyflyte-execute --help: $with ms with byte code, $without ms without"
  check "a task starts faster with byte code" "yes" "$([ "$with" -lt $((without * 3 / 4)) ] && echo yes)"
  buildah umount "$c" >/dev/null; buildah rm "$c" >/dev/null

  # The same image as a base: directories are named once, and its user stays.
  render above <<JSON
{"base_image": $(cat "$WORK/project/task.json"), "commands": ["id -u flytekit > /user"]}
JSON
  buildah tag localhost/imagespec/task:test "$(sed -n '1s/^FROM //p' "$WORK/above/Dockerfile")"
  build above || return 0
  check "each directory is on PATH once" "" "$(inside above sh -c 'echo "$PATH" | tr : "\n" | sort | uniq -d')"
  check "LD_LIBRARY_PATH has one entry" "/usr/local/nvidia/lib64" "$(inside above printenv LD_LIBRARY_PATH)"
  check "the user stays" "$(inside task id -u)" "$(inside above cat /user)"
}

# Base images that are unlike Debian's: a PATH without sbin, no /etc/profile.d, a user, an own PATH in `env`.
odd_bases() {
  local c mount
  c=$(buildah from --pull-never "$base"); mount=$(buildah mount "$c")
  rm -rf "$mount/etc/profile.d"; sed -i '/profile.d/,$d' "$mount/etc/profile"
  buildah config --env PATH=/usr/bin:/bin "$c"
  buildah umount "$c" >/dev/null; buildah commit -q --rm "$c" localhost/imagespec/odd:1 >/dev/null
  render odd <<JSON
{"base_image": "localhost/imagespec/odd:1", "env": {"PATH": "/srv/my bin:/usr/bin:/bin", "PYTHONPATH": "/srv", "LD_LIBRARY_PATH": "/srv/lib"}}
JSON
  build odd || return 0
  check "a user without /usr/sbin on PATH" "flytekit" "$(inside odd id -un)"
  check "values of env stay" "/srv/my bin:/usr/bin:/bin /srv /srv/lib" "$(inside odd sh -c 'echo "$PATH $PYTHONPATH $LD_LIBRARY_PATH"')"
  check "the profile is made" "export PATH='/srv/my bin:/usr/bin:/bin'" "$(inside odd cat /etc/profile.d/zz-imagespec.sh)"
}

# --- what once failed in the build ---------------------------------------------------------------------------------

# R1: a workspace is refused before the build, with a reason, or it is built.
workspace() {
  local folder=$WORK/project/workspace
  mkdir -p "$folder/workspace/my-dep/src/my_dep"
  printf '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["my-dep"]\n[tool.uv.workspace]\nmembers = ["workspace/*"]\n[tool.uv.sources]\nmy-dep = {workspace = true}\n' > "$folder/pyproject.toml"
  printf '[project]\nname = "my-dep"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["iniconfig"]\n[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n' > "$folder/workspace/my-dep/pyproject.toml"
  echo > "$folder/workspace/my-dep/src/my_dep/__init__.py"
  uv_lock workspace
  echo "{\"base_image\": \"$base\", \"requirements\": \"workspace/uv.lock\", $network}" > "$WORK/project/ws.json"
  if "$IMAGESPEC" check "$WORK/project/ws.json" 2> "$WORK/ws.err"; then
    render workspace-image < "$WORK/project/ws.json"
    build_with_network workspace-image || return 0
    check "a workspace of uv is built" "ok" "$(inside workspace-image python -c 'import iniconfig; print("ok")')"
  else
    check_contains "a workspace of uv is refused with the reason" "workspace" "$WORK/ws.err"
  fi
}

# R4: only indexes and sources of pyproject.toml are looked at for passwords.
unrelated_url() {
  mkdir -p "$WORK/project/dsn"
  printf '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["iniconfig"]\n[tool.report]\nREPORT_DSN = "https://fake:secret@errors.example.com/1"\n' > "$WORK/project/dsn/pyproject.toml"
  uv_lock dsn
  if ! echo "{\"base_image\": \"$base\", \"requirements\": \"dsn/uv.lock\", $network}" | render dsn-image 2> "$WORK/dsn.err"; then
    bad "a URL in another table of pyproject.toml"; cat "$WORK/dsn.err"; return 0
  fi
  build_with_network dsn-image || return 0
  check "a URL in another table of pyproject.toml" "ok" "$(inside dsn-image python -c 'import iniconfig; print("ok")')"
}

# R5 and groups: the poetry that the project asks for installs all groups that are not optional, or what it is told to.
poetry_groups() {
  local folder=$WORK/project/poetry version=2.2.1
  mkdir -p "$folder"
  cat > "$folder/pyproject.toml" <<'TOML'
[tool.poetry]
name = "app"
version = "1"
description = ""
authors = []
package-mode = false
requires-poetry = ">=2.2,<2.3"
[tool.poetry.dependencies]
python = ">=3.9"
iniconfig = "2.0.0"
[tool.poetry.group.dev.dependencies]
six = "1.16.0"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
toml = "0.10.2"
[[tool.poetry.source]]
name = "index"
url = "https://pypi.org/simple/"
priority = "primary"
TOML
  (cd "$folder" && SSL_CERT_FILE=$CA REQUESTS_CA_BUNDLE=$CA "$UV" tool run -q --cache-dir "$WORK/uv-cache" --from "poetry==$version" poetry lock -q)
  poetry_image() { # poetry_image NAME ARGUMENTS
    echo "{\"base_image\": \"$base\", \"requirements\": \"poetry/poetry.lock\", \"pip_extra_args\": \"$2\",
      \"builder_config\": {\"poetry\": \"$version\"}, $network}" | render "$1" && build_with_network "$1"
  }
  poetry_image groups "" || return 0
  check "poetry installs the groups that are not optional" "ok" "$(inside groups python -c 'import iniconfig, six; print("ok")')"
  check "poetry leaves out optional groups" "ModuleNotFoundError" "$(missing groups toml)"
  check "what poetry installs has byte code" "3" \
    "$(inside groups sh -c 'od -An -t u4 -j 4 -N 4 /opt/venv/lib/python3.11/site-packages/__pycache__/six.cpython-311.pyc | tr -d " "')"
  poetry_image only-main "--only main" || return 0
  check "--only main is passed on" "ok ModuleNotFoundError" "$(inside only-main python -c 'import iniconfig; print("ok")') $(missing only-main six)"
  poetry_image with-docs "--with docs" || return 0
  check "--with is passed on" "ok" "$(inside with-docs python -c 'import six, toml; print("ok")')"
}

# R8: options in a requirements file have their effect.
requirement_options() {
  local digest=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254
  printf -- '--require-hashes\nsix==1.16.0 --hash=%s\n' "$digest" > "$WORK/project/good.txt"
  printf -- '--require-hashes\nsix==1.16.0 --hash=sha256:%064d\n' 0 > "$WORK/project/wrong.txt"
  printf -- '--pre\n--prefer-binary\n--trusted-host example.com\npytest>=7.4,!=8.0.0,<8.0.1\n' > "$WORK/project/pre.txt"
  local name
  for name in good wrong pre; do
    if ! echo "{\"base_image\": \"$base\", \"requirements\": \"$name.txt\", \"pip_extra_args\": \"--no-deps\", $network}" | render "$name" 2> "$WORK/$name.err"; then
      # Refusing an option is right too; ignoring it is not.
      check_contains "the option of $name.txt is refused by its line" "$name.txt" "$WORK/$name.err"
      continue
    fi
    if [ $name = wrong ]; then
      if buildah build --layers --pull-never --network host --secret "id=secret_0,src=$CA" "$WORK/wrong" > "$WORK/wrong.log" 2>&1
      then bad "a wrong hash stops the build"; else check_contains "a wrong hash stops the build" "six" "$WORK/wrong.log"; fi
    else
      build_with_network $name || continue
      if [ $name = pre ]; then
        check "--pre is passed on" "8.0.0rc2" "$(inside pre sh -c 'cd /opt/venv/lib/python3*/site-packages && echo pytest-*.dist-info' | sed 's/pytest-//; s/.dist-info//')"
      fi
    fi
  done
}

# R9: neither `env` nor a base image configures the installers.
settings() {
  mkdir -p "$WORK/project/frozen"
  printf '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["iniconfig"]\n' > "$WORK/project/frozen/pyproject.toml"
  uv_lock frozen
  render frozen-image <<JSON
{"base_image": "$base", "requirements": "frozen/uv.lock",
 "env": {"UV_FROZEN": "1", "UV_NO_INSTALL_PACKAGE": "iniconfig", "SSL_CERT_FILE": "/etc/imagespec-ca.crt"},
 "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  if build_with_network frozen-image; then
    check "env does not configure uv" "ok" "$(inside frozen-image python -c 'import iniconfig; print("ok")')"
    check "env has its variables in the image" "1" "$(inside frozen-image printenv UV_FROZEN)"
  fi
  local c; c=$(buildah from --pull-never "$base")
  buildah config --env UV_OFFLINE=1 --env UV_INDEX_URL=http://127.0.0.1:9/simple --env PIP_INDEX_URL=http://127.0.0.1:9/simple \
    --env UV_PYTHON=3.99 --env UV_PROJECT=/nowhere --env POETRY_VIRTUALENVS_PATH=/nowhere --env POETRY_INSTALLER_ONLY_BINARY=:none: \
    --env PYTHONPATH=/srv/modules "$c"
  # Modules with the names of those that installers import, and a standard library without byte code.
  buildah run --user root "$c" -- sh -c 'mkdir -p /srv/modules/installer /srv/modules/poetry && echo "raise SystemExit(9)" | tee /srv/modules/installer/__init__.py > /srv/modules/poetry/__init__.py
    find /usr/lib/python3.11 -name __pycache__ -prune -exec rm -rf {} +'
  buildah commit -q --rm "$c" localhost/imagespec/configured:1 >/dev/null
  render configured <<JSON
{"base_image": "localhost/imagespec/configured:1", "packages": ["iniconfig==2.0.0"], $network}
JSON
  build_with_network configured && check "a base image does not configure uv" "ok" "$(inside configured python -c 'import iniconfig; print("ok")')"
  check "the standard library has byte code" "3" \
    "$(inside configured sh -c 'od -An -t u4 -j 4 -N 4 /usr/lib/python3.11/__pycache__/os.cpython-311.pyc | tr -d " "')"
  mkdir -p "$WORK/project/plain"
  printf '[tool.poetry]\nname = "app"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n[tool.poetry.dependencies]\npython = ">=3.10"\nsix = "1.16.0"\n[[tool.poetry.source]]\nname = "index"\nurl = "https://pypi.org/simple/"\npriority = "primary"\n' > "$WORK/project/plain/pyproject.toml"
  (cd "$WORK/project/plain" && SSL_CERT_FILE=$CA REQUESTS_CA_BUNDLE=$CA "$UV" tool run -q --cache-dir "$WORK/uv-cache" --from "$(constant poetry)" poetry lock -q)
  render configured-poetry <<JSON
{"base_image": "localhost/imagespec/configured:1", "requirements": "plain/poetry.lock", $network}
JSON
  build_with_network configured-poetry && check "a base image does not configure poetry" "ok" "$(inside configured-poetry python -c 'import six; print("ok")')"
}

make_base; make_uv; project
for part in ${PARTS:-task_image odd_bases workspace unrelated_url poetry_groups requirement_options settings}; do log "-- $part"; $part; done
finish "${1:-}"
