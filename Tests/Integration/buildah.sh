#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds rendered contexts with buildah and asks the images what became of every value.
#
#   Tests/Integration/buildah.sh [--keep]
#
# Needs root (chroot isolation), buildah, Python 3 with venv and pip, and mmdebstrap, which makes a base of Debian 12.
# Installs nothing. buildah.bash has the variables that choose others.
set -euo pipefail

script=buildah.sh
package=$(cd "$(dirname "$0")/../.." && pwd)
. "$package/Tests/Integration/checks.bash"
. "$package/Tests/Integration/buildah.bash"
prepare_buildah

# --- the project -------------------------------------------------------------------------------------------------

project() {
  rm -rf "$WORK/project"
  mkdir -p "$WORK/project"/{src/pkg,conf,requirements,up,'od[d] *?\ $HOME "quoted" ü'}
  cd "$WORK/project"
  echo 'print("hello")' > src/main.py; echo > src/pkg/__init__.py; mkdir src/empty; echo no > src/notes.txt
  printf '#!/bin/sh\necho ran\n' > conf/run.sh; chmod 700 conf/run.sh
  echo data > conf/-dash; echo 'a: 1' > 'conf/with space.yaml'; ln -s real conf/alias; mkdir conf/real; echo r > conf/real/r
  printf 'bytes\n' > "$(printf 'conf/\377\376')"
  echo odd > 'od[d] *?\ $HOME "quoted" ü/file'; echo single > "it's [a-z]*.txt"
  printf -- '-r ../up/more.txt\nsix==1.16.0 # pinned\n' > requirements/requirements.txt; echo 'toml==0.10.2' > up/more.txt
}

# --- builds --------------------------------------------------------------------------------------------------------

values() {
  cat > "$WORK/values.py" <<'PY'
import json, sys
json.dump({
    "base_image": sys.argv[1],
    "source_root": "src", "source_copy_mode": "loaded_modules",
    "copy": ["conf", 'od[d] *?\\ $HOME "quoted" ü', "it's [a-z]*.txt", "conf/-dash"],
    "env": {
        "SHELLISH": """it's "quoted" $HOME ${HOME:-x} `id` $(id) \\ \\n \\" \\$ \\\\ a=b # [x] {y} && ; | <<EOF""",
        "UNICODE": "ü 日本 e\u0301", "SPACES": "  two  ", "TAB": "a\tb", "EMPTY": "", "dotted.name": "dots", "TRAILING": "back\\",
    },
    "entrypoint": ["/bin/echo", "it's", '"$HOME"', "a\\nb", "line\nbreak"],
    "commands": [
        "id -un > /who && pwd >> /who && echo \"$SHELLISH\" > /seen",
        "cat > /multi <<'X'\n$HOME \\ \"quoted\"\n# no comment\n\n  ü\nX\n",
        "# a comment alone",
        "[ -e /root/main.py ] && echo bracket > /bracket",
        "printf 'back\\\\slash' > /backslash; echo \\",
        "echo 'a  b' '<<EOF' > /heredoc",
        "touch /root/made-by-a-command",
    ],
}, sys.stdout)
PY
  python3 "$WORK/values.py" "$base" | tee "$WORK/values.json" | render values
  build values || return 0
  # Without a shell, which would drop variables whose names it does not know.
  cat > "$WORK/ask.py" <<'PY'
import json, os, sys, time
print(json.dumps({k: os.environ.get(k) for k in json.load(sys.stdin)}), flush=True)
time.sleep(0.1)
PY
  local c expected found mount
  c=$(buildah from --pull-never localhost/imagespec/values:test); mount=$(buildah mount "$c")
  # Every variable, byte for byte, as a process sees it.
  expected=$(python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["env"], sort_keys=True))' "$WORK/values.json")
  found=$(python3 -c 'import json,sys; print(json.dumps({k: None for k in json.load(open(sys.argv[1]))["env"]}))' "$WORK/values.json" \
    | buildah run "$c" -- python3 -c "$(cat "$WORK/ask.py")" | python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin), sort_keys=True))')
  check "environment" "$expected" "$found"
  check "user" "flytekit" "$(ask "$c" id -un)"
  check "user id is not root's" "yes" "$(ask "$c" sh -c '[ "$(id -u)" != 0 ] && echo yes')"
  check "working directory" "/root" "$(ask "$c" pwd)"
  check "/root and home can be written" "yes" "$(ask "$c" sh -c 'touch /root/x ~/x && echo yes')"
  check "home" "/home/flytekit" "$(ask "$c" sh -c 'echo ~flytekit')"
  check "_F_IMG_ID" "$("$IMAGESPEC" id "$WORK/project/values.json")" "$(ask "$c" printenv _F_IMG_ID)"
  check "label" "$(ask "$c" printenv _F_IMG_ID)" "$(config values Labels imagespec.id | tr -d '"')"
  expected=$(python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["entrypoint"]))' "$WORK/values.json")
  found=$(config values Entrypoint)
  check "entry point" "$expected" "$found"
  # Commands.
  check "commands run as root in /root" "root /root" "$(tr '\n' ' ' < "$mount/who" | sed 's/ $//')"
  check "commands see variables" "$(sh -c 'echo "$1"' sh "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["env"]["SHELLISH"])' "$WORK/values.json")")" "$(cat "$mount/seen")"
  check "command of many lines" "$(printf '%s\n' '$HOME \ "quoted"' '# no comment' '' '  ü')" "$(cat "$mount/multi")"
  check "command with a bracket" "bracket" "$(cat "$mount/bracket")"
  check "command with backslashes" 'back\slash' "$(cat "$mount/backslash")"
  check "command with two signs" 'a  b <<EOF' "$(cat "$mount/heredoc")"
  # Files: exactly these, with these modes, owned by the user.
  expected=$(sort <<'LIST'
f 644 flytekit ./main.py
f 644 flytekit ./pkg/__init__.py
f 755 flytekit ./conf/run.sh
f 644 flytekit ./conf/-dash
f 644 flytekit ./conf/with space.yaml
f 644 flytekit ./conf/real/r
l 777 flytekit ./conf/alias -> real
f 644 flytekit ./conf/\377\376
f 644 flytekit ./od[d] *?\ $HOME "quoted" ü/file
f 644 flytekit ./it's [a-z]*.txt
f 644 root ./made-by-a-command
d 755 ./pkg
d 755 ./conf
d 755 ./conf/real
d 755 ./od[d] *?\ $HOME "quoted" ü
LIST
)
  cat > "$WORK/list.py" <<'PY'
import os, pwd
lines = []
for folder, folders, files in os.walk(b"/root"):
    for name in folders + files:
        path = os.path.join(folder, name); status = os.lstat(path)
        shown = b"." + path[5:]
        try: shown = shown.decode()
        except UnicodeDecodeError: shown = "".join(chr(b) if b < 128 else "\\%o" % b for b in shown)
        if shown.startswith(("./.bash", "./.profile")) or shown == "./x": continue
        kind = "l" if os.path.islink(path) else "d" if os.path.isdir(path) else "f"
        mode = "%o" % (status.st_mode & 0o7777)
        if kind == "d": lines.append(f"d {mode} {shown}"); continue
        target = " -> " + os.readlink(path).decode() if kind == "l" else ""
        lines.append(f"{kind} {mode} {pwd.getpwuid(status.st_uid).pw_name} {shown}{target}")
print("\n".join(lines))
PY
  check "files and modes" "$expected" "$(ask "$c" env PYTHONUTF8=1 python3 -c "$(cat "$WORK/list.py")" | sort)"
  check "time stamps" "315532800" "$(stat -c %Y "$mount/root/main.py")"
  check "no installer" "" "$(ls -d "$mount"/opt/venv "$mount"/var/cache/imagespec 2>/dev/null || true)"
  buildah umount "$c" >/dev/null; buildah rm "$c" >/dev/null
}

# Where the network has certificates of its own, clients in a build get them by the mount for secrets. The variable
# that names them is the spec's.
packages() {
  render packages <<JSON
{"base_image": "$base", "packages": ["iniconfig==2.0.0", "idna<4,>=3"], "requirements": "requirements/requirements.txt",
 "env": {"SSL_CERT_FILE": "/etc/imagespec-ca.crt"}, "pip_extra_args": "--no-deps",
 "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  build packages --secret "id=secret_0,src=$CA" || return 0
  check "packages of list and requirements" "ok /opt/venv" \
    "$(inside packages python -c 'import six, toml, idna, iniconfig, sys; print("ok", sys.prefix)')"
  check "the secret is in no layer" "0" "$(inside packages sh -c 'cat /etc/imagespec-ca.crt 2>/dev/null | wc -c')"
  # Other requirements, the same text but for their digest: no stale layer.
  rm -rf "$WORK/packages2"; echo "toml==0.10.1" > "$WORK/project/up/more.txt"
  "$IMAGESPEC" context "$WORK/project/packages.json" "$WORK/packages2" >/dev/null
  build packages2 --secret "id=secret_0,src=$CA" || return 0
  check "changed requirements are installed" "0.10.1" "$(inside packages2 python -c 'import toml; print(toml.__version__)')"
}

# A base that is a spec: its packages stay, its user is there, its entry point goes.
on_base_spec() {
  render child <<JSON
{"base_image": {"base_image": "$base", "packages": ["iniconfig==2.0.0", "idna<4,>=3"], "requirements": "requirements/requirements.txt",
 "env": {"SSL_CERT_FILE": "/etc/imagespec-ca.crt"}, "pip_extra_args": "--no-deps",
 "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]},
 "packages": ["packaging"], "entrypoint": [], "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  buildah tag localhost/imagespec/packages2:test "$(sed -n '1s/^FROM //p' "$WORK/child/Dockerfile")"
  build child --secret "id=secret_0,src=$CA" || return 0
  check "packages of base and child" "ok" "$(inside child python -c 'import six, toml, packaging; print("ok")')"
  check "entry point removed" "null" "$(config child Entrypoint | sed 's/^\[\]$/null/')"
}

# The interpreter by its path; the same version asked for, which the base has.
other_pythons() {
  render exec <<JSON
{"base_image": "$base", "python_exec": "/usr/bin/python3.11", "packages": ["iniconfig==2.0.0"],
 "env": {"SSL_CERT_FILE": "/etc/imagespec-ca.crt"}, "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  build exec --secret "id=secret_0,src=$CA" || return 0
  check "python_exec" "/usr/bin" "$(inside exec sed -n 's/^home = //p' /opt/venv/pyvenv.cfg)"
  render version <<JSON
{"base_image": "$base", "python_version": "3.11", "packages": ["iniconfig==2.0.0"],
 "env": {"SSL_CERT_FILE": "/etc/imagespec-ca.crt"}, "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  build version --secret "id=secret_0,src=$CA" || return 0
  check "python_version on a base" "3.11" "$(inside version python -c 'import iniconfig, sys; print("%d.%d" % sys.version_info[:2])')"
}

# Lock files, made by the tools themselves.
locks() {
  mkdir -p "$WORK/project/uv"
  printf '[project]\nname = "locked"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["iniconfig"]\n' > "$WORK/project/uv/pyproject.toml"
  (cd "$WORK/project/uv" && SSL_CERT_FILE=$CA "$UV" lock -q --cache-dir "$WORK/uv-cache")
  render uvlock <<JSON
{"base_image": "$base", "requirements": "uv/uv.lock",
 "env": {"SSL_CERT_FILE": "/etc/imagespec-ca.crt"}, "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  build uvlock --secret "id=secret_0,src=$CA" &&
    check "uv.lock" "ok" "$(inside uvlock python -c 'import iniconfig; print("ok")')"
  mkdir -p "$WORK/project/poetry"
  printf '[tool.poetry]\nname = "locked"\nversion = "1"\ndescription = ""\nauthors = []\n[tool.poetry.dependencies]\npython = ">=3.9"\niniconfig = "2.0.0"\n' > "$WORK/project/poetry/pyproject.toml"
  # By the simple interface, which every index has; poetry would ask PyPI itself by another one.
  printf '[[tool.poetry.source]]\nname = "index"\nurl = "https://pypi.org/simple/"\npriority = "primary"\n' >> "$WORK/project/poetry/pyproject.toml"
  (cd "$WORK/project/poetry" && SSL_CERT_FILE=$CA REQUESTS_CA_BUNDLE=$CA "$UV" tool run -q --cache-dir "$WORK/uv-cache" \
    --from "$(constant poetry)" poetry lock -q)
  render poetrylock <<JSON
{"base_image": "$base", "requirements": "poetry/poetry.lock",
 "env": {"SSL_CERT_FILE": "/etc/imagespec-ca.crt", "REQUESTS_CA_BUNDLE": "/etc/imagespec-ca.crt"},
 "pip_secret_mounts": [["$CA", "/etc/imagespec-ca.crt"]]}
JSON
  build poetrylock --secret "id=secret_0,src=$CA" &&
    check "poetry.lock" "ok" "$(inside poetrylock python -c 'import iniconfig; print("ok")')"
}

make_base; make_uv; project
for part in ${PARTS:-values packages on_base_spec other_pythons locks}; do log "-- $part"; $part; done
finish "${1:-}"
