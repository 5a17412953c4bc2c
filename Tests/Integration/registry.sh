#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Asks real registries for images that a real client pushed, with the tool alone: no container engine is on its PATH.
#
#   Tests/Integration/registry.sh [--keep]
#
# Needs root, Debian 12 and its archive. Installs what is missing: the CNCF's registry, skopeo, htpasswd, Python's JWT. There are
# four registries on loopback: open to all, with passwords, with passwords and TLS by an authority of its own, and with tokens.
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
# --keep leaves the working folder.
set -uo pipefail

package=$(cd "$(dirname "$0")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
keep=${1:-}
passed=0
failed=0

log() { printf '[%4ss] %s\n' "$SECONDS" "$*"; }
ok() { log "ok   $1"; passed=$((passed + 1)); }
bad() { log "FAIL $1"; failed=$((failed + 1)); }
check() { # check WHAT EXPECTED FOUND
  if [ "$2" = "$3" ]; then ok "$1"; else bad "$1"; printf '  expected: %q\n  found:    %q\n' "$2" "$3"; sed 's/^/  | /' "$WORK/messages"; fi
}
check_contains() { # check_contains WHAT TEXT FILE
  if grep -qF -- "$2" "$3"; then ok "$1"; else bad "$1"; printf '  not there: %q\n' "$2"; tail -20 "$3" | sed 's/^/  | /'; fi
}
check_without() { # check_without WHAT TEXT FILE…
  local what=$1 text=$2; shift 2
  if grep -qF -- "$text" "$@"; then bad "$what"; grep -F -- "$text" "$@" | head -5 | sed 's/^/  | /'; else ok "$what"; fi
}
wait_for() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
skip() { echo "registry.sh: $1" >&2; exit 77; }

[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$IMAGESPEC" ] || skip "no $IMAGESPEC; run swift build, or set IMAGESPEC"

# --- what is needed -------------------------------------------------------------------------------------------------

install() {
  local missing=()
  [ -x /usr/bin/docker-registry ] || missing+=(docker-registry)
  [ -x /usr/bin/skopeo ] || missing+=(skopeo)
  [ -x /usr/bin/openssl ] || missing+=(openssl)
  [ -x /usr/bin/htpasswd ] || missing+=(apache2-utils)
  [ -x /usr/bin/python3 ] || missing+=(python3)
  /usr/bin/python3 -c 'import jwt, cryptography' 2>/dev/null || missing+=(python3-jwt python3-cryptography)
  ldconfig -p | grep -q 'libcurl\(-gnutls\)\{0,1\}\.so\.4' || missing+=(libcurl4)
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || skip "needs ${missing[*]}"
  # Packages must not start their services.
  local policy=/usr/sbin/policy-rc.d made= result
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' > $policy; chmod 755 $policy; made=1; fi
  apt-get update -qq >/dev/null \
    && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1
  result=$?
  [ -z "$made" ] || rm -f $policy
  [ $result = 0 ] || skip "apt-get cannot install ${missing[*]}"
  log "installed ${missing[*]}"
}

export PATH=$PATH:/usr/sbin:/sbin
install
WORK=$(mktemp -d /var/tmp/imagespec-registry.XXXXXX)
pids=()
certificates=()
stop() {
  [ "$BASHPID" = $$ ] || return
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
  for folder in "${certificates[@]}"; do rm -rf "$folder"; done
  if [ "$keep" = --keep ]; then log "kept $WORK"; else rm -rf "$WORK"; fi
}
trap stop EXIT
trap 'exit 130' INT TERM
cd "$WORK" || exit 1
mkdir -p bin home tls project
touch messages

# Found together, so that no two are the same.
read -r open_port password_port tls_port token_port issuer_port hiding_port <<< "$(/usr/bin/python3 -c '
import socket
sockets = [socket.socket() for _ in range(6)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')"
open=localhost:$open_port password=localhost:$password_port tls=localhost:$tls_port token=localhost:$token_port hiding=localhost:$hiding_port

# --- registries -----------------------------------------------------------------------------------------------------

secret=Geheim-$RANDOM$RANDOM:mit-Doppelpunkt
htpasswd -Bbn ci "$secret" > htpasswd
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=imagespec test authority" -keyout tls/ca.key -out tls/ca.crt \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout tls/server.key -out tls/server.csr 2>/dev/null
openssl x509 -req -in tls/server.csr -CA tls/ca.crt -CAkey tls/ca.key -CAcreateserial -days 2 -out tls/server.crt \
  -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n') 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=issuer" -keyout tls/issuer.key -out tls/issuer.crt 2>/dev/null

configuration() { # configuration NAME PORT [more YAML]
  printf 'version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s}}\n%s\n' "$WORK/data-$1" "$3" > "$1.yml"
}
plain() { printf 'http: {addr: "127.0.0.1:%s", secret: loopback}' "$1"; }
configuration open "$open_port" "$(plain "$open_port")"
configuration password "$password_port" "$(plain "$password_port")
auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"
configuration tls "$tls_port" "http:
  addr: 127.0.0.1:$tls_port
  secret: loopback
  tls: {certificate: $WORK/tls/server.crt, key: $WORK/tls/server.key}
auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"
configuration token "$token_port" "$(plain "$token_port")
auth: {token: {realm: \"http://127.0.0.1:$issuer_port/token\", service: registry, issuer: issuer, rootcertbundle: $WORK/tls/issuer.crt}}"

# Issues tokens: to anybody for pulling what lies below public/, to ci for everything, by password or by refresh token.
cat > issuer.py <<'PY'
import base64, http.server, json, sys, time, urllib.parse
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
port, folder, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
key = open(folder + "/issuer.key").read()
certificate = x509.load_pem_x509_certificate(open(folder + "/issuer.crt", "rb").read())
chain = [base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()]

class Issuer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def issue(self, form, user, answer):
        access = []
        for scope in " ".join(form.get("scope", [])).split():
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            allowed = actions.split(",") if user else ["pull"] if name.startswith("public/") else []
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        claims = {"iss": "issuer", "sub": user, "aud": form.get("service", [""])[0], "exp": now + 300, "nbf": now - 10,
                  "iat": now, "jti": str(time.time_ns()), "access": access}
        self.reply(200, {answer: jwt.encode(claims, key, algorithm="RS256", headers={"x5c": chain}), "expires_in": 300})

    def do_GET(self):
        header, user = self.headers.get("Authorization", ""), ""
        if header:
            user, found = base64.b64decode(header.split(" ", 1)[1]).decode().split(":", 1)
            if (user, found) != ("ci", password): return self.reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        self.issue(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query), user, "token")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = urllib.parse.parse_qs(body)
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != ["refresh-" + password]:
            return self.reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        self.issue(form, "ci", "access_token")

    def log_message(self, *arguments): pass

http.server.ThreadingHTTPServer(("127.0.0.1", port), Issuer).serve_forever()
PY

/usr/bin/python3 issuer.py "$issuer_port" "$WORK/tls" "$secret" > issuer.log 2>&1 & pids+=($!)
for name in open password tls token; do
  docker-registry serve $name.yml > $name.log 2>&1 & pids+=($!)
done
for port in $open_port $password_port $tls_port $token_port $issuer_port; do
  wait_for bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" || skip "nothing listens on port $port"
done

# --- images ---------------------------------------------------------------------------------------------------------

# An image of one layer, and an index of two, as files.
cat > layout.py <<'PY'
import gzip, hashlib, io, json, os, sys, tarfile
folder, text = sys.argv[1:3]
os.makedirs(folder + "/blobs/sha256")

def blob(data, kind, **more):
    digest = hashlib.sha256(data).hexdigest()
    open(f"{folder}/blobs/sha256/{digest}", "wb").write(data)
    return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data), **more}

def manifest(architecture):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo("text"); info.size = len(text)
        tar.addfile(info, io.BytesIO(text.encode()))
    layer = blob(gzip.compress(archive.getvalue(), mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")
    config = {"architecture": architecture, "os": "linux", "config": {"Labels": {"text": text}},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(archive.getvalue()).hexdigest()]}}
    value = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
             "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"), "layers": [layer]}
    return blob(json.dumps(value).encode(), value["mediaType"], platform={"architecture": architecture, "os": "linux"})

images = [manifest("amd64"), manifest("arm64")]
kind = "application/vnd.oci.image.index.v1+json"
index = blob(json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": images}).encode(), kind)
names = [("one", images[0]), ("both", index)]
json.dump({"imageLayoutVersion": "1.0.0"}, open(folder + "/oci-layout", "w"))
json.dump({"schemaVersion": 2, "manifests": [
    {**entry, "annotations": {"org.opencontainers.image.ref.name": name}} for name, entry in names]}, open(folder + "/index.json", "w"))
PY
/usr/bin/python3 layout.py first 'the first image'
/usr/bin/python3 layout.py second 'another image'

push() { # push LAYOUT:NAME REFERENCE [options]
  local from=$1 to=$2; shift 2
  skopeo copy --quiet --all --dest-tls-verify=false "$@" "oci:$WORK/$from" "docker://$to" >push.log 2>&1 \
    || { bad "skopeo pushes $to"; sed 's/^/  | /' push.log; }
}
digest() { # digest REFERENCE [options]: as skopeo sees it
  local reference=$1; shift
  skopeo inspect --no-tags --tls-verify=false --format '{{.Digest}}' "$@" "docker://$reference" 2>skopeo.log || cat skopeo.log
}
push_secret=(--dest-creds "ci:$secret")
read_secret=(--creds "ci:$secret")

# --- the tool -------------------------------------------------------------------------------------------------------

# Runs the tool without anything of this environment but what is named; leaves its output, messages and status in files.
variables=()
tool() {
  env -i HOME="$WORK/home" PATH="$WORK/bin" "${variables[@]}" timeout 120 "$IMAGESPEC" "$@" >"$WORK/output" 2>"$WORK/messages"
  status=$?
  printf '%s\n' "$status" > "$WORK/status"
  cat "$WORK/output" "$WORK/messages" >> "$WORK/everything"
}
timeout=$(command -v timeout)
ln -s "$timeout" bin/timeout
# Ends with a status, and says one thing on standard output and another one on standard error.
expect() { # expect WHAT STATUS OUTPUT [text in messages]
  check "$1" "$2 $3" "$status $(cat "$WORK/output")"
  [ $# -lt 4 ] || check_contains "$1: the reason" "$4" "$WORK/messages"
}
spec() { # spec FILE NAME REGISTRY [more fields]
  printf '{"name": "%s", "registry": "%s", "base_image": "debian:12"%s}\n' "$2" "$3" "${4:-}" > "project/$1.json"
}
name() { tool name "project/$1.json"; cat "$WORK/output"; }

for program in docker podman buildah skopeo; do
  check "no $program for the tool" "" "$(PATH=$WORK/bin command -v $program)"
done

log "-- a registry that is open to all"
spec a team/a "$open"; spec b b "$open"; spec both both "$open"
a=$(name a); b=$(name b); both=$(name both)
tool exist project/a.json; expect "what was never pushed is absent" 1 "absent $a"
tool digest project/a.json; expect "it has no digest" 1 "" "does not exist"
push first:one "$a"; push first:both "$both"
tool exist project/a.json; expect "what was pushed is present" 0 "present $a $(digest "$a")"
tool digest project/a.json; expect "its digest" 0 "$(digest "$a")"
tool digest project/both.json; expect "the digest of an index" 0 "$(digest "$both")"
check "it is that of the index's bytes" "sha256:$(skopeo inspect --tls-verify=false --raw "docker://$both" | sha256sum | cut -d' ' -f1)" \
  "$(cat output)"
tool exist project/a.json project/b.json project/both.json
expect "several, one of them absent" 1 "present $a $(digest "$a")
absent $b
present $both $(digest "$both")"
tool exist --json project/a.json project/b.json
expect "as JSON" 1 "{\"digest\":\"$(digest "$a")\",\"existence\":\"present\",\"image_name\":\"$a\",\"reference\":\"${a%:*}@$(digest "$a")\",\"spec\":\"project/a.json\"}
{\"existence\":\"absent\",\"image_name\":\"$b\",\"spec\":\"project/b.json\"}"
tool digest --json project/a.json; expect "a digest as JSON" 0 "{\"digest\":\"$(digest "$a")\",\"image_name\":\"$a\",\"reference\":\"${a%:*}@$(digest "$a")\",\"spec\":\"project/a.json\"}"
tool digest project/both.json project/a.json; expect "several digests, in order" 0 "$(digest "$both")
$(digest "$a")"
tool digest project/a.json project/b.json; expect "none if one is absent" 1 "" "$b does not exist"
tool digest --registry '' project/a.json; expect "no registry, no digest" 65 "" "registry: missing"

log "-- a registry with passwords"
spec p team/p "$password"; spec q team/q "$password"
p=$(name p); q=$(name q)
push first:one "$p" "${push_secret[@]}"
p_digest=$(digest "$p" "${read_secret[@]}")
present="present $p $p_digest"
tool exist project/p.json; expect "without a password nobody can tell" 69 "unknown $p" "docker login $password"
tool digest project/p.json; expect "nor of its digest" 69 "" "docker login $password"
auth() { printf '{"auths": {"%s": {"auth": "%s"}}}' "$1" "$(printf '%s' "$2" | base64 -w0)"; }
good=$(auth "$password" "ci:$secret")
wrong=$(auth "$password" "ci:wrong-$secret")
as() { variables=("$@"); }

as "DOCKER_AUTH_CONFIG=$good"; tool exist project/p.json; expect "DOCKER_AUTH_CONFIG" 0 "$present"
tool exist project/q.json; expect "what is absent there" 1 "absent $q"
as "DOCKER_AUTH_CONFIG=$wrong"; tool exist project/p.json; expect "a wrong password" 69 "unknown $p" "credentials rejected"
as "DOCKER_AUTH_CONFIG=$(auth "$password" "ci:")"; tool exist project/p.json; expect "an empty password" 69 "unknown $p" "credentials rejected"
as
mkdir -p home/.docker other run/containers home/.config/containers folder
printf '%s' "$good" > home/.docker/config.json; tool exist project/p.json; expect "config.json" 0 "$present"
printf '%s' "$wrong" > home/.docker/config.json; printf '%s' "$good" > other/config.json
tool exist project/p.json; expect "a wrong password in config.json" 69 "unknown $p" "credentials rejected"
as "DOCKER_CONFIG=$WORK/other"; tool exist project/p.json; expect "DOCKER_CONFIG" 0 "$present"
as "DOCKER_AUTH_CONFIG=$good"; tool exist project/p.json; expect "DOCKER_AUTH_CONFIG before config.json" 0 "$present"
as
printf '{"auths": {' > home/.docker/config.json
tool exist project/p.json; expect "a config.json that is cut" 69 "unknown $p" "$WORK/home/.docker/config.json"
tool exist project/a.json; check "it hinders nothing where nobody asks for a password" "0" "$status"
rm home/.docker/config.json
printf '%s' "$good" > run/containers/auth.json; as "XDG_RUNTIME_DIR=$WORK/run"
tool exist project/p.json; expect "podman's auth.json" 0 "$present"
as; printf '%s' "$good" > home/.config/containers/auth.json; tool exist project/p.json; expect "the one in ~/.config" 0 "$present"
rm home/.config/containers/auth.json; as "REGISTRY_AUTH_FILE=$WORK/run/containers/auth.json"
tool exist project/p.json; expect "REGISTRY_AUTH_FILE" 0 "$present"
as; auth "$password/team" "ci:$secret" > home/.config/containers/auth.json
tool exist project/p.json; expect "a part of a registry" 0 "$present"
auth "$password/other" "ci:$secret" > home/.config/containers/auth.json
tool exist project/p.json; expect "another part of it" 69 "unknown $p" "docker login"
rm home/.config/containers/auth.json

spec own team/p "$password" ', "registry_config": "../folder"'
printf '%s' "$good" > folder/config.json
tool exist --within "$WORK" project/own.json; expect "registry_config, a folder" 0 "$present"
tool exist project/own.json; expect "registry_config outside the project" 66 "" "outside the project"
spec own team/p "$password" ', "registry_config": "../other/config.json"'
tool exist --within "$WORK" project/own.json; expect "registry_config, a file" 0 "$present"
as "DOCKER_AUTH_CONFIG=$good"; printf '{}' > folder/config.json
spec own team/p "$password" ', "registry_config": "../folder"'
tool exist --within "$WORK" project/own.json; expect "registry_config counts alone" 69 "unknown $p" "folder/config.json"
spec own team/p "$password" ', "registry_config": "../gone"'
tool exist project/own.json; expect "registry_config that is not there" 66 "" "registry_config"
check_contains "it is named" "../gone" messages
as

log "-- a proxy that answers HEAD wrongly, and hides what anonymous clients may not read"
cat > proxy.py <<'PY'
import http.server, sys, urllib.error, urllib.request
port, target = int(sys.argv[1]), sys.argv[2]

class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, headers, body):
        self.send_response(status)
        for name in ("Content-Type", "Docker-Content-Digest", "WWW-Authenticate"):
            if headers.get(name):
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.reply(404, {}, b"")

    def do_GET(self):
        headers = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "authorization")}
        try:
            with urllib.request.urlopen(urllib.request.Request("http://" + target + self.path, headers=headers)) as answer:
                status, found, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, found, body = error.code, error.headers, error.read()
        if status == 401 and "Authorization" not in self.headers and self.path != "/v2/":
            status, found, body = 404, {}, b"{}"
        self.reply(status, found, body)

    def log_message(self, *arguments):
        print(*arguments, file=sys.stderr, flush=True)

http.server.ThreadingHTTPServer(("127.0.0.1", port), Proxy).serve_forever()
PY
/usr/bin/python3 proxy.py "$hiding_port" "$password" 2> proxy.log & pids+=($!)
wait_for bash -c "exec 3<>/dev/tcp/127.0.0.1/$hiding_port" || bad "the proxy starts"
spec h team/p "$hiding"; spec i team/q "$hiding"
h=$(name h); i=$(name i)
tool exist project/h.json; expect "hidden without a password" 1 "absent $h"
as "DOCKER_AUTH_CONFIG=$(auth "$hiding" "ci:$secret")"
tool exist project/h.json project/i.json; expect "there with one, and what is absent stays so" 1 "present $h $p_digest
absent $i"
tool digest project/h.json; expect "its digest" 0 "$p_digest"
as "DOCKER_AUTH_CONFIG=$(auth "$hiding" "ci:wrong-$secret")"
tool exist project/h.json; expect "a wrong password, of which nothing follows" 69 "unknown $h" "credentials rejected"
as "DOCKER_AUTH_CONFIG={\"credHelpers\": {\"$hiding\": \"gone\"}}"
tool exist project/h.json; expect "a helper that is gone" 69 "unknown $h" "docker-credential-gone"
as

log "-- credential helpers"
helper() { printf '#!/bin/sh\n%s\n' "$2" > "bin/docker-credential-$1"; chmod 755 "bin/docker-credential-$1"; }
helper good "read server; [ \"\$server\" = $password ] || { echo 'credentials not found in native keychain'; exit 1; }
printf '{\"ServerURL\": \"%s\", \"Username\": \"ci\", \"Secret\": \"%s\"}' \"\$server\" '$secret'"
helper none "echo 'credentials not found in native keychain'; exit 1"
helper bad "echo 'it is $secret'; exit 1"
helper rubbish "echo '$secret'"
printf '{"credHelpers": {"%s": "good"}}' "$password" > home/.docker/config.json
tool exist project/p.json; expect "credHelpers" 0 "$present"
printf '{"credsStore": "good"}' > home/.docker/config.json
tool exist project/p.json; expect "credsStore" 0 "$present"
printf '{"credsStore": "none", "auths": {"%s": {"auth": "%s"}}}' "$password" "$(printf 'ci:%s' "$secret" | base64 -w0)" \
  > home/.docker/config.json
tool exist project/p.json; expect "a helper that knows nothing" 0 "$present"
helper slow "/bin/sleep 3; printf '{\"Username\": \"ci\", \"Secret\": \"%s\"}' '$secret'"
printf '{"credsStore": "slow"}' > home/.docker/config.json
tool build project/p.json
expect "a build finds the image without an engine, and shows what it waits for" 0 "$p" "waiting for the credential helper docker-credential-slow"
for name in bad rubbish gone; do
  printf '{"credsStore": "%s"}' $name > home/.docker/config.json
  tool exist project/p.json; expect "helper: $name" 69 "unknown $p" "docker-credential-$name"
  check_contains "helper: $name: the file" "$WORK/home/.docker/config.json" messages
done
rm home/.docker/config.json

log "-- TLS by an authority of its own"
spec t team/t "$tls"
t=$(name t)
push first:both "$t" "${push_secret[@]}"
present="present $t $(digest "$t" "${read_secret[@]}")"
good_tls=$(auth "$tls" "ci:$secret")
as "DOCKER_AUTH_CONFIG=$good_tls"
tool exist project/t.json; expect "an authority that is not known" 69 "unknown $t" "certificate"
as "DOCKER_AUTH_CONFIG=$good_tls" "SSL_CERT_FILE=$WORK/tls/ca.crt"; tool exist project/t.json; expect "SSL_CERT_FILE" 0 "$present"
as "DOCKER_AUTH_CONFIG=$(auth "$tls" "ci:wrong-$secret")" "SSL_CERT_FILE=$WORK/tls/ca.crt"
tool exist project/t.json; expect "a wrong password by TLS" 69 "unknown $t" "credentials rejected"
as "SSL_CERT_FILE=$WORK/tls/issuer.crt" "DOCKER_AUTH_CONFIG=$good_tls"
tool exist project/t.json; expect "another authority" 69 "unknown $t" "certificate"
[ -e "/etc/docker/certs.d/$tls" ] || certificates+=("/etc/docker/certs.d/$tls")
mkdir -p "/etc/docker/certs.d/$tls" && cp tls/ca.crt "/etc/docker/certs.d/$tls/ca.crt"
as "DOCKER_AUTH_CONFIG=$good_tls"; tool exist project/t.json; expect "certs.d" 0 "$present"
as

log "-- tokens"
spec public public/k "$token"; spec private private/k "$token"
public=$(name public); private=$(name private)
push first:one "$public" "${push_secret[@]}"; push second:both "$private" "${push_secret[@]}"
tool exist project/public.json; expect "anybody may ask for this" 0 "present $public $(digest "$public")"
tool exist project/private.json; expect "and not for that" 69 "unknown $private" "docker login $token"
present="present $private $(digest "$private" "${read_secret[@]}")"
as "DOCKER_AUTH_CONFIG=$(auth "$token" "ci:$secret")"; tool exist project/private.json project/public.json
expect "a token for a password" 0 "$present
present $public $(digest "$public")"
as "DOCKER_AUTH_CONFIG=$(auth "$token" "ci:wrong-$secret")"
tool exist project/private.json; expect "no token for a wrong password" 69 "unknown $private" "credentials rejected"
as "DOCKER_AUTH_CONFIG={\"auths\": {\"$token\": {\"identitytoken\": \"refresh-$secret\"}}}"
tool exist project/private.json; expect "an identity token" 0 "$present"
helper token "printf '{\"Username\": \"<token>\", \"Secret\": \"refresh-%s\"}' '$secret'"
as; printf '{"credsStore": "token"}' > home/.docker/config.json
tool exist project/private.json; expect "an identity token of a helper" 0 "$present"
rm home/.docker/config.json

log "-- pinning"
push first:both "$open/base:1"; push first:one "$open/tools/uv:1"; push first:one "$password/base:2" "${push_secret[@]}"
base=$(digest "$open/base:1"); uv=$(digest "$open/tools/uv:1"); inner=$(digest "$password/base:2" "${read_secret[@]}")
cat > project/pin.yaml <<Y
# What trains.
name: pinned    # a comment
registry: "$open"

base_image:
  # Below it.
  name: below
  base_image: '$password/base:2'   # private
  platform: linux/amd64
packages: [six]
env:
$(for letter in A B C D E F G H; do echo "  $letter: '\$1 \"ü\"'"; done)
builder_config: {uv_image: "$open/tools/uv:1"} # ours
# the end, and no line feed
Y
truncate -s -1 project/pin.yaml
chmod 640 project/pin.yaml; ln -s pin.yaml project/link.yaml
cp project/pin.yaml before.yaml
sed "s|base:2'|base:2@$inner'|; s|uv:1\"|uv:1@$uv\"|" before.yaml > expected.yaml
before=$(tool name project/pin.yaml; cat output)
tool pin project/pin.yaml; expect "a base that asks for a password" 69 "" "base_image.base_image"
check "nothing was written" "" "$(diff before.yaml project/pin.yaml)"
as "DOCKER_AUTH_CONFIG=$good"
tool pin --dry-run project/pin.yaml; check "a dry run" "0" "$status"
check "its changes" "project/pin.yaml: base_image.base_image: $password/base:2 → $password/base:2@$inner
project/pin.yaml: builder_config.uv_image: $open/tools/uv:1 → $open/tools/uv:1@$uv" "$(cat output)"
check "it writes nothing" "" "$(diff before.yaml project/pin.yaml)"
tool pin project/link.yaml; expect "pinned, by way of a link" 0 "base_image.base_image $password/base:2@$inner
builder_config.uv_image $open/tools/uv:1@$uv"
check "nothing else changed" "" "$(diff expected.yaml project/pin.yaml)"
check "the mode stays" "640" "$(stat -c %a project/pin.yaml)"
check "the link stays" "pin.yaml" "$(readlink project/link.yaml)"
check "nothing is left beside it" "" "$(find project -name '.imagespec-*')"
tool pin project/pin.yaml; expect "once more: nothing to do" 0 ""
after=$(tool name project/pin.yaml; cat output)
[ -n "$after" ] && [ "$after" != "$before" ] && ok "another image name" || bad "another image name"
tool render project/pin.yaml; check_contains "the digest is rendered" "from=$open/tools/uv:1@$uv," output
check "the spec is in order" "0" "$(tool check project/pin.yaml; cat "$WORK/status")"

printf '{\n  "base_image": "%s/base:1",\n  "name": "j"\n}\n' "$open" > project/pin.json
tool pin project/pin.json; expect "JSON" 0 "base_image $open/base:1@$base"
check "JSON as it was written" "$(printf '{\n  "base_image": "%s/base:1@%s",\n  "name": "j"\n}' "$open" "$base")" "$(cat project/pin.json)"
printf 'base_image: %s/base:1\n' "$open" > project/below.yaml; echo 'base_image: ./below.yaml' > project/child.yaml
tool pin project/child.yaml; expect "a base that is another file" 0 "" "base_image.base_image is in ./below.yaml"
check "it stays" "base_image: $open/base:1" "$(cat project/below.yaml)"
tool pin project/below.yaml; expect "it is pinned by itself" 0 "base_image $open/base:1@$base"
tool pin project/child.yaml; check "then nothing is left to do" "0 " "$status $(cat output messages)"
push second:both "$open/base:1"
moved=$(digest "$open/base:1")
[ "$moved" != "$base" ] && ok "the tag moved" || bad "the tag moved"
tool pin project/pin.json; expect "a tag that moved changes nothing" 0 ""
tool pin --update --json project/pin.json
expect "until it is asked for" 0 "{\"pins\":[{\"field\":\"base_image\",\"pinned\":\"$open/base:1@$moved\",\"reference\":\"$open/base:1@$base\"}],\"written\":true}"
printf '{"base_image": "%s/base:gone"}' "$open" > project/gone.json; cp project/gone.json before.json
tool pin project/gone.json; expect "a base that is absent" 66 "" "base:gone"
check "its spec stays" "" "$(diff before.json project/gone.json)"
as

log "-- a deployment by the example's script"
mkdir deployment; ln -s "$IMAGESPEC" deployment/imagespec
for program in sed dirname; do ln -s "$(command -v $program)" deployment/$program; done
deploy() { # deploy SPEC
  env -i PATH="$WORK/deployment" HOME="$WORK/home" "$package/Examples/deployment/deploy.sh" "$1" \
    "$package/Examples/kubernetes/job.yaml" > output 2> messages
  status=$?
  cat output messages >> everything
}
printf 'name: deployed\nregistry: %s\n' "$open/acme" > project/deployed.yaml
deployed=$(env -i HOME="$WORK/home" "$IMAGESPEC" name project/deployed.yaml)
deploy project/deployed.yaml; check "what nobody has built, and cannot be built here, is not deployed" "69 " "$status $(cat output)"
push first:both "$deployed"
deploy project/deployed.yaml; check "what is there is deployed by its name" "0 image: $deployed" "$status $(grep -o 'image: .*' output)"
printf 'name: deployed\nregistry: localhost:1/acme\n' > project/nowhere.yaml
deploy project/nowhere.yaml; check "where nobody can tell, nothing is" "69 " "$status $(cat output)"
check_contains "and it is said" "nothing is deployed" messages

log "-- a registry that is gone"
kill "${pids[1]}"; wait "${pids[1]}" 2>/dev/null
tool exist project/a.json; expect "nobody answers" 69 "unknown $a" "$open"

check_without "no password was ever shown" "$secret" everything
check_without "nor in another form" "$(printf 'ci:%s' "$secret" | base64 -w0)" everything
for file in "$WORK"/*.log; do grep -q panic "$file" && { bad "a registry broke"; tail -5 "$file"; }; done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
