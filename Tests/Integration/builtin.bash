# SPDX-License-Identifier: Apache-2.0
#
# What the scripts share that make images without an engine: a registry with base images, and how an image is made. It is sourced
# by builtin.sh and builtin-faults.sh, with `script` and `keep` set.
#
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
#   CACHE         keeps root file systems, uv and its cache between runs; by default /var/tmp/imagespec-engines
#   CA            certificates that clients in builds trust; they become part of the base image

package=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
IMAGESPEC=${IMAGESPEC:-$package/.build/debug/imagespec}
CACHE=${CACHE:-/var/tmp/imagespec-engines}
CA=${CA:-/etc/ssl/certs/ca-certificates.crt}
export DEBIAN_FRONTEND=noninteractive
. "$package/Tests/Integration/checks.bash"
. "$package/Tests/Integration/services.bash"

[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$IMAGESPEC" ] || skip "no $IMAGESPEC; run swift build, or set IMAGESPEC"
IMAGESPEC=$(realpath "$IMAGESPEC")

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

# prepare NAME: a working directory, a registry with Debian 12 and its Python as the image $base, and uv on PATH.
prepare() {
  install_programs docker-registry:docker-registry skopeo:skopeo buildah:buildah mmdebstrap:mmdebstrap dockerd:docker.io runc:runc \
    python3:python3 faketime:faketime
  start_work "$1"
  export IMAGESPEC_CACHE=$WORK/cache UV_CACHE_DIR=$CACHE/uv-cache
  unset PIP_FIND_LINKS
  port=$(free_port)
  registry=localhost:$port
  base=$registry/base/debian:py311
  start_registry registry "$port"
  root_files base.tar --variant=minbase --include=python3,ca-certificates
  fetch_uv
  mkdir "$WORK/bin"; ln -s "$CACHE/uv" "$WORK/bin/uv"
  export PATH=$WORK/bin:$PATH
  local c; c=$(buildah from scratch)
  buildah add -q "$c" "$CACHE/base.tar" / >/dev/null
  buildah add -q "$c" "$CA" /etc/ssl/certs/ca-certificates.crt >/dev/null
  buildah config --env LANG=C.UTF-8 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt --cmd '["/bin/bash"]' "$c"
  buildah commit -q --rm "$c" "$base" >/dev/null && push "$base" || skip "no base image"
  cd "$WORK/project" || exit 77
}

# spec NAME [JSON]: writes NAME.json, a spec with these fields besides the usual ones; those that are null are removed.
spec() {
  python3 - "$1" "${2:-"{}"}" "$registry/acme" "$base" > "$1.json" <<'PY'
import json, sys
name, fields, registry, base = sys.argv[1:]
spec = {"name": name, "registry": registry, "base_image": base, "builder_options": {"network": "host"}, **json.loads(fields)}
json.dump({key: value for key, value in spec.items() if value is not None}, sys.stdout)
PY
}
# build NAME [ARGUMENT…]: without an engine; the result is in $WORK/out
build() { local name=$1; shift; "$IMAGESPEC" build --engine builtin --json "$@" "$name.json" > "$WORK/out" 2> "$WORK/err"; }
# value KEY…: of the result
value() { python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(*(r.get(k) for k in sys.argv[2:]))' "$WORK/out" "$@"; }
finish() { log "$passed passed, $failed failed"; [ "$failed" = 0 ]; }
