#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Has the real envd compile every build.envd of the tests, and specs whose values try to be more than values. Has two
# processes build several specs at once, by an envd whose build only says in which context it is.
#
#   Tests/Integration/envd.sh
#
# With BASE_TAR, a tar of a Debian root file system with bash, one image is built for real, by a dockerd of its own with a
# bridge network; that needs root, dockerd and docker-registry.
#
# Needs Python 3 with venv and pip, openssl, and the package index for envd, whose wheel is a static binary. Compiling
# needs no daemon, no registry and no root.
#   IMAGESPEC      the imagespec tool; by default that of this package's debug build
#   ENVD_VERSION   the version of envd; by default 1.3.6
#   WORK           a folder for all that is made, which stays; by default a temporary one that is removed
#   KEEP           not empty: the temporary folder stays too
set -euo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
for program in python3 openssl; do
  command -v "$program" >/dev/null || { echo "envd.sh: needs $program" >&2; exit 77; }
done
[ -x "$IMAGESPEC" ] || { echo "envd.sh: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }
made=
if [ -z "${WORK:-}" ]; then
  WORK=$(mktemp -d)
  made=$WORK
fi
# Only what was made here is removed, never a folder that somebody named.
clean() { if [ -n "$made" ] && [ -z "${KEEP:-}" ]; then rm -rf "$made"; fi; }
trap clean EXIT
mkdir -p "$WORK"
python3 -m venv "$WORK/venv"
"$WORK/venv/bin/pip" install -q --disable-pip-version-check "envd==${ENVD_VERSION:-1.3.6}" \
  || { echo "envd.sh: envd cannot be installed by pip" >&2; exit 77; }
python3 "$package/Tests/Integration/envd.py" "$WORK/venv/bin/envd" "$(realpath "$IMAGESPEC")" \
  "$package/Tests/ImageSpecTests/Fixtures/envd" "$WORK/run"

# --- builds at once, in contexts of their own ---------------------------------------------------------------------------

mkdir -p "$WORK/at-once/bin" "$WORK/at-once/home"
cat > "$WORK/at-once/bin/envd" <<SH
#!/bin/bash
[ "\$1" = build ] || exec "$WORK/venv/bin/envd" "\$@"
chosen() { "$WORK/venv/bin/envd" context ls --format json | python3 -c 'import json, sys; print(*(c["context"] for c in json.load(sys.stdin) if c.get("current")))'; }
first=\$(chosen); sleep 0.2; echo "\$first \$(chosen) \${@: -1}" >> "$WORK/at-once/log"
SH
chmod 755 "$WORK/at-once/bin/envd"
at_once() { ( cd "$WORK/at-once" && HOME=$WORK/at-once/home PATH=$WORK/at-once/bin:/usr/bin:/bin FLYTE_ENVD_CONTEXT='' \
  "$(realpath "$IMAGESPEC")" build --force --quiet --jobs 4 "$@" ) >/dev/null 2>> "$WORK/at-once/err"; }
for number in 1 2 3 4; do
  registry=localhost:5999; [ $number -gt 1 ] || registry=localhost:30000
  echo "{\"name\": \"n$number\", \"base_image\": \"debian:1\", \"builder\": \"envd\", \"registry\": \"$registry\"}" > "$WORK/at-once/$number.json"
done
for _ in 1 2 3; do at_once 1.json 2.json 3.json 4.json & at_once 1.json 2.json & wait; done
if [ "$(sed 's/ [^ ]*name=/ /; s/n[0-9]:.*//' "$WORK/at-once/log" | sort | uniq -c | tr -s ' \n' ' ')" = " 12 flyte flyte localhost:5999/ 6 flyte-sandbox flyte-sandbox localhost:30000/ " ]
then echo "ok   at once: each image is built in its own context"
else echo "FAIL at once: each image is built in its own context"; sort "$WORK/at-once/log" | uniq -c; tail -3 "$WORK/at-once/err"; exit 1; fi

[ -n "${BASE_TAR:-}" ] || { echo "envd.sh: none is built for real without BASE_TAR"; exit 0; }
for program in dockerd docker docker-registry curl; do
  command -v "$program" >/dev/null || { echo "envd.sh: building needs $program" >&2; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "envd.sh: building needs root" >&2; exit 77; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
base=127.0.0.1:$port/base:1
started=()
stop() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true; done
  clean
}
trap stop EXIT
await() { for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done; echo "envd.sh: no answer: $*" >&2; exit 77; }

mkdir -p "$WORK/docker" "$WORK/home" "$WORK/project/src" "$WORK/project/conf"
printf 'version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' \
  "$WORK/registry" "$port" > "$WORK/registry.yml"
docker-registry serve "$WORK/registry.yml" > "$WORK/registry.log" 2>&1 & started+=($!)
export DOCKER_HOST=unix://$WORK/docker/socket HOME=$WORK/home ENVD_ANALYTICS=false FLYTE_ENVD_CONTEXT=real
printf '{"data-root": "%s", "exec-root": "%s", "pidfile": "%s", "hosts": ["%s"], "bip": "172.31.78.1/24", "features": {"buildkit": true}}' \
  "$WORK/docker/data" "$WORK/docker/exec" "$WORK/docker/pid" "$DOCKER_HOST" > "$WORK/daemon.json"
dockerd --config-file "$WORK/daemon.json" > "$WORK/dockerd.log" 2>&1 & started+=($!)
await curl -fsS "http://127.0.0.1:$port/v2/"
await docker version
docker import --change 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' "$BASE_TAR" "$base" >/dev/null
docker push -q "$base" >/dev/null
mkdir -p "$HOME/.config/containers"
printf '[[registry]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' "$port" > "$HOME/.config/containers/registries.conf"
"$WORK/venv/bin/envd" context create --name real --builder moby-worker >/dev/null 2>&1

echo 'print("hello")' > "$WORK/project/src/main.py"
printf '#!/bin/sh\necho ran\n' > "$WORK/project/conf/run.sh"; chmod 755 "$WORK/project/conf/run.sh"
cat > "$WORK/project/spec.json" <<JSON
{"name": "real", "builder": "envd", "base_image": "$base", "source_root": "src", "source_copy_mode": "all",
 "copy": ["conf"], "env": {"VALUE": "it's \"q\" \$HOME {}"}, "entrypoint": ["/bin/echo", "it's", "\"\$HOME\""],
 "commands": ["pwd > /place && printf %s \"\$VALUE\" > /seen", "cat > /lines <<'X'\n'\$HOME' \"q\"\nX\n"]}
JSON
PATH=$WORK/venv/bin:$PATH "$IMAGESPEC" build --quiet "$WORK/project/spec.json" > "$WORK/name"
name=$(cat "$WORK/name")
failed=0
check() { if [ "$2" = "$3" ]; then echo "ok   built: $1"; else printf 'FAIL built: %s\n  expected %q\n  found    %q\n' "$1" "$2" "$3"; failed=1; fi; }
inside() { docker run --rm --network none --entrypoint /bin/sh "$name" -c "$1"; }
check "name" "$("$IMAGESPEC" name "$WORK/project/spec.json")" "$name"
check "commands run in /root and see variables" '/root it'"'"'s "q" $HOME {}' "$(inside 'cat /place | tr "\n" " "; cat /seen')"
check "a command of several lines" "'\$HOME' \"q\"" "$(inside 'cat /lines')"
check "files, modes and owners" "root 644 /root/main.py root 755 /root/conf/run.sh" \
  "$(inside 'stat -c "%U %a %n" /root/main.py /root/conf/run.sh' | tr '\n' ' ' | sed 's/ $//')"
check "entry point" 'it'"'"'s "$HOME"' "$(docker run --rm --network none "$name")"
check "id" "$("$IMAGESPEC" id "$WORK/project/spec.json")" "$(inside 'echo "$_F_IMG_ID"')"
check "it is found the second time" "found" "$(PATH=$WORK/venv/bin:$PATH "$IMAGESPEC" build --quiet --json "$WORK/project/spec.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)["outcome"])')"
exit $failed
