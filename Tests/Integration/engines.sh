#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Takes specs to pushed images with real container engines and a real registry, and asks the images what they are.
#
#   Tests/Integration/engines.sh [--keep]
#
# Needs root, Debian 12 and its archive, and PyPI. Installs what is missing: a registry, skopeo, buildah, podman, dockerd, mmdebstrap.
# Everything listens on loopback, and everything that is started is stopped again.
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
#   CACHE         keeps the base image's files and uv between runs; by default /var/tmp/imagespec-engines
#   CA            certificates that clients in builds trust; they become part of the base image
#   ENGINES       by default "docker podman buildah"; one that does not work is reported and left out
# --keep leaves the working folder.
#
# covers docker 20.10; push, local image, local base, secrets, credentials, network: host
# covers podman; push, local image, local base, secrets, credentials, network: host
# covers buildah; push, local image, local base, secrets, credentials, network: host
set -uo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
CACHE=${CACHE:-/var/tmp/imagespec-engines}
CA=${CA:-/etc/ssl/certs/ca-certificates.crt}
ENGINES=${ENGINES:-docker podman buildah}
keep=${1:-}
export DEBIAN_FRONTEND=noninteractive

script=engines.sh
. "$package/Tests/Integration/checks.bash"
. "$package/Tests/Integration/services.bash"

[ "$(id -u)" = 0 ] || { echo "engines.sh: needs root" >&2; exit 77; }
[ -x "$IMAGESPEC" ] || { echo "engines.sh: no $IMAGESPEC; run swift build, or set IMAGESPEC" >&2; exit 77; }

# --- what is needed -------------------------------------------------------------------------------------------------

install_programs docker-registry:docker-registry skopeo:skopeo buildah:buildah podman:podman mmdebstrap:mmdebstrap dockerd:docker.io \
  runc:runc python3:python3 htpasswd:apache2-utils
mkdir -p "$CACHE"
start_work engines-run
port=$(free_port)
registry=localhost:$port
base=$registry/base/debian:py311
uv_image=$registry/tools/uv:test
# Whatever is started from here on can be told by this variable.
export IMAGESPEC_TEST_RUN=$WORK

sed "s|$WORK/|$WORK/pulled-|" "$CONTAINERS_STORAGE_CONF" > "$WORK/pulled.conf"
# podman that is ended in the middle of a build leaves its working containers; they are not to be taken for buildah's.
sed "s|$WORK/|$WORK/podman-|" "$CONTAINERS_STORAGE_CONF" > "$WORK/podman.conf"
start_registry registry "$port"

# A registry with a password.
private_port=$(free_port)
private=localhost:$private_port
password=Geheim-$RANDOM$RANDOM
htpasswd -Bbn ci "$password" > "$WORK/htpasswd" 2>/dev/null
start_registry private "$private_port" "auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"

engines=
for engine in $ENGINES; do
  case $engine in
    docker) if start_docker; then engines+=" docker"; fi ;;
    podman)
      # Not every machine has crun, or may raise its limits.
      printf '[containers]\ndefault_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]\n[engine]\nruntime = "runc"\n' > "$WORK/containers.conf"
      export CONTAINERS_CONF=$WORK/containers.conf
      if podman info >/dev/null 2>"$WORK/err"; then engines+=" podman"; log "$(podman --version)"; else log "SKIP podman: $(tail -1 "$WORK/err")"; fi ;;
    buildah) if buildah info >/dev/null 2>"$WORK/err"; then engines+=" buildah"; log "$(buildah --version)"; else log "SKIP buildah: $(tail -1 "$WORK/err")"; fi ;;
  esac
done
[ -n "$engines" ] || { echo "engines.sh: no engine works" >&2; exit 77; }

# --- the images that specs build on ---------------------------------------------------------------------------------

root_files base.tar --variant=minbase --include=python3,ca-certificates
fetch_uv
push_image() { # push_image NAME CONTAINER
  buildah commit -q --rm "$2" "$1" >/dev/null && buildah push -q --tls-verify=false "$1" "docker://$1" && buildah rmi "$1" >/dev/null
}
c=$(buildah from scratch)
buildah add -q "$c" "$CACHE/base.tar" / >/dev/null
buildah add -q "$c" "$CA" /etc/ssl/certs/ca-certificates.crt >/dev/null
buildah config --env LANG=C.UTF-8 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd '["/bin/bash"]' "$c"
push_image "$base" "$c" || exit 77
c=$(buildah from scratch); buildah add -q --chmod 755 "$c" "$CACHE/uv" /uv >/dev/null; push_image "$uv_image" "$c" || exit 77
log "base and uv images in the registry"

# --- a package index that asks for a password -----------------------------------------------------------------------

token=t0ken$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
index_port=$(free_port)
cat > "$WORK/index.py" <<'PY'
import base64, http.server, io, sys, zipfile
port, token, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
wheel = io.BytesIO()
with zipfile.ZipFile(wheel, "w") as z:
    z.writestr("acme_private.py", "answer = 42\n")
    z.writestr("acme_private-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme-private\nVersion: 1.0\n")
    z.writestr("acme_private-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr("acme_private-1.0.dist-info/RECORD", "acme_private.py,,\nacme_private-1.0.dist-info/METADATA,,\nacme_private-1.0.dist-info/WHEEL,,\nacme_private-1.0.dist-info/RECORD,,\n")
wanted = "Basic " + base64.b64encode(("me:" + token).encode()).decode()
name = "acme_private-1.0-py3-none-any.whl"
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != wanted:
            self.send_response(401); self.send_header("WWW-Authenticate", "Basic realm=x"); self.send_header("Content-Length", "0"); self.end_headers(); return
        page = {"/simple/acme-private/": ("text/html", f'<a href="/{name}">{name}</a>'.encode()), "/" + name: ("application/zip", wheel.getvalue())}.get(self.path)
        self.send_response(200 if page else 404)
        kind, body = page or ("text/plain", b"")
        self.send_header("Content-Type", kind); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
        if page: print(self.path, file=open(log, "a"))
    do_HEAD = do_GET
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
PY
service index python3 "$WORK/index.py" "$index_port" "$token" "$WORK/index.requests"

# --- the project ----------------------------------------------------------------------------------------------------

cd "$WORK/project"
mkdir -p src/pkg conf 'od[d] *?\ $HOME "quoted" ü'
echo 'import pkg; print("hello")' > src/main.py; echo > src/pkg/__init__.py; echo setting > conf/settings.txt
echo odd > 'od[d] *?\ $HOME "quoted" ü/file'
echo 'six==1.16.0 # pinned' > requirements.txt
printf 'machine localhost login me password %s\n' "$token" > my,netrc
cat > "$WORK/values.py" <<PY
import json, sys
engine = sys.argv[1]
env = {
    "SHELLISH": """it's "quoted" \$HOME \${HOME:-x} \`id\` \$(id) \\\\ \\\\n \\\\" \\\\\$ a=b # [x] {y} && ; | <<EOF""",
    "UNICODE": "ü 日本 e\u0301", "SPACES": "  two  ", "TAB": "a\tb", "EMPTY": "", "dotted.name": "dots", "TRAILING": "back\\\\",
}
json.dump(env, open("env.json", "w"))
json.dump({
    "name": "trainer-" + engine, "registry": "$registry/acme", "base_image": "$base",
    "requirements": "requirements.txt", "packages": ["toml==0.10.2", "acme-private"], "apt_packages": ["hello"],
    "pip_extra_index_url": ["http://localhost:$index_port/simple"], "pip_extra_args": "--native-tls",
    "pip_secret_mounts": [["my,netrc", "/root/.netrc"]],
    "source_root": "src", "source_copy_mode": "all", "copy": ["conf", 'od[d] *?\\\\ \$HOME "quoted" ü'],
    "env": env, "entrypoint": ["python", "/root/main.py"],
    "commands": ["id -un > /who", """printf '%s %s' "\$SHELLISH" '\$HOME' > /seen"""] + sys.argv[2:],
    "builder_config": {"uv_image": "$uv_image"}, "builder_options": {"network": "host"},
}, sys.stdout)
PY
small() { # small NAME COMMAND…: a spec without packages
  python3 -c 'import json, sys
print(json.dumps({"name": sys.argv[3], "registry": sys.argv[1], "base_image": sys.argv[2], "commands": sys.argv[4:],
    "builder_options": {"network": "host"}}))' "$registry/acme" "$base" "$@"
}
# The digest in the registry; nothing where the registry says that there is none; else what is wrong.
digest_of() {
  local answer
  if answer=$(skopeo inspect --no-tags --tls-verify=false --format '{{.Digest}}' "docker://$1" 2>&1); then echo "$answer"; return; fi
  case $answer in *"manifest unknown"*|*"name unknown"*) ;; *) echo "no answer: $answer" ;; esac
}

# run ENGINE NAME PROGRAM…: from the registry, not from what the build left here
run() {
  local engine=$1 name=$2 c; shift 2
  case $engine in
    docker)
      /usr/bin/docker image rm -f "$name" >/dev/null 2>&1
      /usr/bin/docker run --rm --network none --entrypoint "$1" "$name" "${@:2}" 2>"$WORK/run.err" ;;
    podman)
      local -x CONTAINERS_STORAGE_CONF=$WORK/pulled.conf
      podman run --rm --network none --tls-verify=false --entrypoint "$1" "$name" "${@:2}" 2>"$WORK/run.err" ;;
    buildah)
      # Storage of its own: removing the image here would remove the layers that later builds reuse.
      local -x CONTAINERS_STORAGE_CONF=$WORK/pulled.conf
      c=$(buildah from --tls-verify=false "$name" 2>/dev/null) && buildah run "$c" -- "$@" 2>"$WORK/run.err"; buildah rm "$c" >/dev/null ;;
  esac
}

nap=6$((RANDOM % 1000)).$RANDOM
# Processes that were started here and live, besides the servers and this script; of one kind: step, tool or all.
strays() { # strays [KIND]
  local kind=${1:-all}
  local proc pid servers=" $(cat "$WORK"/*.pid 2>/dev/null | tr '\n' ' ') $$ "
  for proc in /proc/[0-9]*; do
    pid=${proc#/proc/}
    [[ $servers == *" $pid "* ]] && continue
    # Steps of a build have an environment of their own; they sleep for a time that no one else does.
    case $(cat "$proc/cmdline" 2>/dev/null | tr '\0' ' ') in
      *sleep\ $nap*) [ $kind = tool ] || echo "$pid" ;;
      *imagespec\ build*|*buildah*|*podman*|*docker\ build*|*docker\ push*|*skopeo*)
        [ $kind = step ] || { grep -qzF "IMAGESPEC_TEST_RUN=$WORK" "$proc/environ" 2>/dev/null && echo "$pid"; } ;;
    esac
  done
}

# --- what is shown ----------------------------------------------------------------------------------------------------

example() {
  local engine=$1 name digest result
  python3 "$WORK/values.py" "$engine" > "example-$engine.json"
  name=$("$IMAGESPEC" name "example-$engine.json")
  "$IMAGESPEC" build --engine "$engine" --json "example-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: the example is built" 0 $?
  [ "$(tail -1 "$WORK/out" | head -c1)" = "{" ] || { tail -20 "$WORK/err"; return; }
  result=$(python3 -c 'import json; r = json.load(open("'"$WORK/out"'")); print(r["outcome"], r["image_name"], r["digest"], r["engine"].split()[0])')
  digest=$(digest_of "$name")
  check "$engine: the result names the image, its digest in the registry, the engine" "built $name $digest $engine" "$result"
  check_without "$engine: the secret is in no line that is printed" "$token" "$WORK/err"
  check_contains "$engine: the secret opened the index" acme_private-1.0 "$WORK/index.requests"

  cat > "$WORK/ask.py" <<'PY'
import json, os, sys, six, toml, acme_private
wanted = json.loads(sys.argv[1])
print(json.dumps([six.__version__, toml.__version__, acme_private.answer, os.environ.get("_F_IMG_ID"), os.getuid() != 0,
    {k: os.environ.get(k) for k in wanted} == wanted, sys.version_info[:2] == (3, 11),
    open("/root/conf/settings.txt").read(), open('/root/od[d] *?\\ $HOME "quoted" ü/file').read(), open("/who").read(),
    open("/seen").read() == wanted["SHELLISH"] + " $HOME", os.path.exists("/root/pkg/__init__.py"), os.path.exists("/root/.netrc"), os.getcwd(),
    os.popen("hello").read()]))
PY
  check "$engine: pulled back, the image has packages, files, values to the byte, its id, a user, no secret" \
    "[\"1.16.0\", \"0.10.2\", 42, \"$("$IMAGESPEC" id "example-$engine.json")\", true, true, true, \"setting\\n\", \"odd\\n\", \"root\\n\", true, true, false, \"/root\", \"Hello, world!\\n\"]" \
    "$(run "$engine" "$name" python -c "$(cat "$WORK/ask.py")" "$(cat env.json)"; tail -1 "$WORK/run.err" >&2)"
  if [ "$engine" = docker ]; then
    check "$engine: the entry point runs" hello "$(/usr/bin/docker run --rm --network none "$name" 2>&1)"
  fi

  rm -rf "$WORK/layers"; skopeo copy -q --src-tls-verify=false "docker://$name" "dir:$WORK/layers"
  local file found=
  for file in "$WORK"/layers/*; do { gzip -dc "$file" 2>/dev/null || cat "$file"; } | grep -qaF "$token" && found+=" $file"; done
  check "$engine: the secret is in no layer, config or history" "" "$found"

  "$IMAGESPEC" build --engine "$engine" --json "example-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: the second run finds it" "found $digest" "$(python3 -c 'import json; r = json.load(open("'"$WORK/out"'")); print(r["outcome"], r["digest"])')"
  check "$engine: and builds nothing" 0 "$(grep -cE '^STEP|^#[0-9]' "$WORK/err")"

  python3 "$WORK/values.py" "$engine" "echo another command" > "changed-$engine.json"
  local start=$SECONDS lines
  lines=$(wc -l < "$WORK/index.requests")
  check "$engine: with another command it is another image" "$("$IMAGESPEC" name "changed-$engine.json")" "$("$IMAGESPEC" build --engine "$engine" "changed-$engine.json" 2> "$WORK/err")"
  check "$engine: whose packages are not installed again ($((SECONDS - start)) s)" "$lines" "$(wc -l < "$WORK/index.requests")"
  log "     $(grep -cE 'CACHED|Using cache' "$WORK/err") steps from the cache"
}

chain() {
  local engine=$1 names
  python3 - "$(small "bottom-$engine" 'echo 1 > /bottom')" "$engine" > "chain-$engine.json" <<'PY'
import json, sys
bottom, engine = json.loads(sys.argv[1]), sys.argv[2]
def on(base, name, command): return {**bottom, "name": f"{name}-{engine}", "base_image": base, "commands": [command]}
json.dump(on(on(bottom, "middle", "cat /bottom > /middle; echo 2 >> /middle"), "top", "cat /middle > /top; echo 3 >> /top"), sys.stdout)
PY
  names=$("$IMAGESPEC" build --engine "$engine" "chain-$engine.json" 2> "$WORK/err")
  check "$engine: a chain of three, base first" "bottom-$engine middle-$engine top-$engine" \
    "$(sed -n 's|.*/acme/\(.*\):[0-9a-f]*: built in.*|\1|p' "$WORK/err" | tr '\n' ' ' | sed 's/ $//')"
  check "$engine: each on the one before" "1 2 3" "$(run "$engine" "$names" cat /top | tr '\n' ' ' | sed 's/ $//')"

  # Without a registry, bases are found where they were built.
  sed "s|\"registry\": \"[^\"]*\", ||g" "chain-$engine.json" > "local-$engine.json"
  "$IMAGESPEC" build --engine "$engine" "local-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: a chain without registry" 0 $?
  check "$engine: is found the second time" found "$("$IMAGESPEC" build --json --quiet --engine "$engine" "local-$engine.json" 2>&1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["outcome"])')"
}

# Credentials in a place that the engine does not read: DOCKER_AUTH_CONFIG, or podman's file for docker.
credentials() {
  local engine=$1 auth spec=private-$1.json variable
  auth=$(printf '{"auths": {"%s": {"auth": "%s"}}}' "$private" "$(printf 'ci:%s' "$password" | base64 -w0)")
  case $engine in
    docker) printf '%s' "$auth" > "$WORK/auth.json"; variable=REGISTRY_AUTH_FILE=$WORK/auth.json ;;
    *) variable=DOCKER_AUTH_CONFIG=$auth ;;
  esac
  skopeo copy -q --src-tls-verify=false --dest-tls-verify=false --dest-creds "ci:$password" "docker://$base" "docker://$private/base/$engine:1"
  python3 -c 'import json, sys
print(json.dumps({"name": sys.argv[2], "registry": sys.argv[1] + "/acme", "base_image": sys.argv[1] + "/base/" + sys.argv[3] + ":1", "commands": ["echo private"],
    "builder_options": {"network": "host"}}))' "$private" "private-$engine" "$engine" > "$spec"
  "$IMAGESPEC" build --engine "$engine" "$spec" > "$WORK/out" 2> "$WORK/err"
  check "$engine: without credentials nothing is built" 69 $?
  env "$variable" "$IMAGESPEC" build --engine "$engine" --json "$spec" > "$WORK/out" 2> "$WORK/err"
  check "$engine: credentials that only imagespec knows fetch the base image and push" 0 $?
  check_without "$engine: the password is in no line that is printed" "$password" "$WORK/err"
  check "$engine: no file of credentials remains" "" "$(ls -d "$TMPDIR"/imagespec-* 2>/dev/null)"
  check "$engine: and they find the image" found \
    "$(env "$variable" "$IMAGESPEC" build --engine "$engine" --json --quiet "$spec" | python3 -c 'import json, sys; print(json.load(sys.stdin)["outcome"])')"
}

# A base image that its registry has for another platform.
platforms() {
  local engine=$1
  small "platform-$engine" 'echo platform' | sed 's|^{|{"platform": "linux/arm64", |' > "platform-$engine.json"
  "$IMAGESPEC" build --engine "$engine" "platform-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: a base image without the platform is refused" 65 $?
  check_contains "$engine: with the platforms that it has" "not available for linux/arm64, only for linux/amd64" "$WORK/err"
  check "$engine: and nothing is built" "" "$(cat "$WORK/out")$(grep -E '^STEP|^#[0-9]|building with' "$WORK/err")"
}

policy() {
  local engine=$1 name
  small "policy-$engine" 'echo policy' > "policy-$engine.json"
  name=$("$IMAGESPEC" name "policy-$engine.json")
  FLYTE_PUSH_IMAGE_SPEC=0 "$IMAGESPEC" build --engine "$engine" "policy-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: without pushing it is built" "0 $name" "$? $(cat "$WORK/out")"
  check "$engine: and not in the registry" "" "$(digest_of "$name")"
  "$IMAGESPEC" build --engine "$engine" --quiet "policy-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: --quiet prints the name alone" "$name|" "$(cat "$WORK/out")|$(cat "$WORK/err")"
  check "$engine: --force builds what exists" built "$("$IMAGESPEC" build --force --json --quiet --engine "$engine" "policy-$engine.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)["outcome"])')"

  "$IMAGESPEC" build --engine "$engine" --registry localhost:1/none "policy-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: no answer from the registry is no answer" 69 $?
  check_contains "$engine: and the reason is told" "localhost:1: cannot connect" "$WORK/err"
  "$IMAGESPEC" build --engine "$engine" --registry localhost:1/none --assume-present "policy-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: unless it is assumed" 0 $?
  FLYTE_IMG_FAST_FAIL=1 "$IMAGESPEC" build --engine "$engine" --registry localhost:1/none --assume-present "policy-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: and nothing is to fail fast" 69 $?

  # A file changes while the engine is looked for, which is after it was named.
  mkdir -p "$WORK/fake-$engine"; echo one > changing.txt
  printf '#!/bin/sh\necho two >> "%s/changing.txt"\nPATH=${PATH#*:} exec %s "$@"\n' "$WORK/project" "$engine" > "$WORK/fake-$engine/$engine"; chmod 755 "$WORK/fake-$engine/$engine"
  small "changing-$engine" true | sed 's/"commands"/"copy": ["changing.txt"], "commands"/' > "changing-$engine.json"
  name=$("$IMAGESPEC" name "changing-$engine.json")
  PATH=$WORK/fake-$engine:$PATH "$IMAGESPEC" build --engine "$engine" "changing-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: a file that changes meanwhile stops the build" 74 $?
  check_contains "$engine: and it is said" "changed while it was in use" "$WORK/err"
  check "$engine: and nothing is pushed" "" "$(digest_of "$name")$(digest_of "$("$IMAGESPEC" name "changing-$engine.json")")"
}

failing() {
  local engine=$1 name
  small "failing-$engine" 'echo fine' 'echo first; echo "the reason" >&2; exit 3' 'echo never' > "failing-$engine.json"
  "$IMAGESPEC" build --engine "$engine" --quiet "failing-$engine.json" > "$WORK/out" 2> "$WORK/err"
  check "$engine: a failing command is a failed build, without a name" "74 " "$? $(cat "$WORK/out")"
  check_contains "$engine: whose step is told" 'RUN echo first; echo "the reason"' "$WORK/err"
  check_contains "$engine: with its status" "exit status 3" "$WORK/err"
  check_contains "$engine: and its last lines" "  the reason" "$WORK/err"
  check "$engine: nothing is pushed" "" "$(digest_of "$("$IMAGESPEC" name "failing-$engine.json")")"
}

# killed ENGINE SIGNAL STATUS STAGE PATTERN SPEC: sends a signal when the tool has printed a line
killed() {
  local engine=$1 signal=$2 status=$3 stage=$4 pattern=$5 spec=$6 pid result
  rm -rf "${TMPDIR:?}"/*
  # A shell without job control starts what runs behind it with SIGINT ignored.
  set -m
  "$IMAGESPEC" build --engine "$engine" "$spec" > "$WORK/out" 2> "$WORK/err" & pid=$!
  set +m
  for _ in $(seq 600); do grep -qE -- "$pattern" "$WORK/err" && break; kill -0 $pid 2>/dev/null || break; sleep 0.02; done
  if [ "$stage" = building ]; then check "$engine: processes are seen while $stage" yes "$([ "$(strays | wc -l)" -ge 2 ] && echo yes)"; fi
  kill -"$signal" $pid 2>/dev/null; wait $pid; result=$?
  # The engine is waited for; what a daemon runs for it ends by itself.
  check "$engine: SIG$signal while $stage ends the engine before the tool" "" "$(strays tool | tr '\n' ' ')"
  check "$engine: SIG$signal while $stage ends the tool so" "$status" "$result"
  for _ in $(seq 30); do [ -z "$(strays)" ] && break; sleep 0.1; done
  check "$engine: SIG$signal while $stage leaves no process" "" "$(strays | tr '\n' ' ')"
  check "$engine: SIG$signal while $stage leaves no folder" "" "$(ls -d "$TMPDIR"/imagespec-* 2>/dev/null)"
  check "$engine: SIG$signal while $stage leaves no name in the registry" "" "$(digest_of "$("$IMAGESPEC" name "$spec")")"
  if [ "$engine" = buildah ]; then check "$engine: SIG$signal while $stage leaves no working container" "" "$(buildah containers -q)"; buildah rm -a >/dev/null; fi
}

signals() {
  local engine=$1 signal status
  for signal in INT:130 TERM:143; do
    status=${signal#*:}; signal=${signal%:*}
    # What the shell of a step prints, not the step itself that names it too.
    small "slow-$engine-$signal" 'echo mar''ker-$((1 + 1)); sleep '"$nap" > "slow-$engine-$signal.json"
    killed "$engine" $signal $status building '(^|[0-9] )marker-2$' "slow-$engine-$signal.json"
    small "start-$engine-$signal" "sleep $nap" > "start-$engine-$signal.json"
    killed "$engine" $signal $status starting 'building with' "start-$engine-$signal.json"
    small "push-$engine-$signal" "head -c 300000000 /dev/urandom > /random-$signal" > "push-$engine-$signal.json"
    killed "$engine" $signal $status pushing 'The push refers|^Getting image source' "push-$engine-$signal.json"
  done
}

# Signals that a job in the background or behind nohup ignores, and messages that nobody reads.
ignored() {
  local engine=$1 signal pid name
  for signal in INT HUP; do
    small "ignored-$engine-$signal" 'echo mar''ker-$((1 + 1)); sleep 2' > "ignored-$engine-$signal.json"
    : > "$WORK/err"
    (trap '' $signal; exec "$IMAGESPEC" build --engine "$engine" "ignored-$engine-$signal.json") > "$WORK/out" 2> "$WORK/err" & pid=$!
    for _ in $(seq 600); do grep -qE -- '(^|[0-9] )marker-2$' "$WORK/err" && break; kill -0 $pid 2>/dev/null || break; sleep 0.02; done
    kill -$signal $pid 2>/dev/null; wait $pid
    check "$engine: SIG$signal that is ignored at the start stays so" "0 $("$IMAGESPEC" name "ignored-$engine-$signal.json")" "$? $(cat "$WORK/out")"
  done
  rm -rf "${TMPDIR:?}"/*
  small "unread-$engine" 'echo one; echo two; echo three' > "unread-$engine.json"
  name=$("$IMAGESPEC" name "unread-$engine.json")
  "$IMAGESPEC" build --engine "$engine" "unread-$engine.json" 2>&1 >/dev/null | head -1 >/dev/null
  check "$engine: who stops reading the messages does not stop the build" 0 "${PIPESTATUS[0]}"
  check "$engine: which pushes the image" sha256 "$(digest_of "$name" | cut -d: -f1)"
  check "$engine: and leaves no folder" "" "$(ls -d "$TMPDIR"/imagespec-* 2>/dev/null)"
}

storage=$CONTAINERS_STORAGE_CONF
for engine in $engines; do
  if [ $engine = podman ]; then CONTAINERS_STORAGE_CONF=$WORK/podman.conf; else CONTAINERS_STORAGE_CONF=$storage; fi
  example $engine
  chain $engine
  credentials $engine
  platforms $engine
  policy $engine
  failing $engine
  signals $engine
  ignored $engine
done
if [[ " $ENGINES " == *" docker "* && $engines == *docker* && $engines == *buildah* ]]; then
  first=$(command -v docker)
  log "     docker on PATH is $first; the one that builds is $("$IMAGESPEC" build --engine docker --force --json --quiet policy-docker.json | python3 -c 'import json, sys; print(json.load(sys.stdin)["engine"])')"
fi
log "SKIP conda, poetry and other Pythons: what they download cannot be had here; they are rendered and parsed elsewhere"
log "SKIP images of other platforms: running their steps needs an emulator"
log "SKIP buildx: Debian 12 has none; see buildx.sh"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
