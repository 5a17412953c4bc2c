# SPDX-License-Identifier: Apache-2.0
#
# What scripts share that build with engines and push to a registry on loopback: programs, services and root file systems. It is
# sourced after checks.bash, with `package`, `script`, `keep` and `CACHE` set; start_work comes first.

skip() { echo "$script: $1" >&2; exit 77; }

# install_programs PROGRAM:PACKAGE…: installs the Debian packages of missing programs. Their services are not started.
install_programs() {
  local missing=() pair policy=/usr/sbin/policy-rc.d made= result
  for pair in "$@"; do
    [ -x "/usr/bin/${pair%%:*}" ] || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair#*:}")
  done
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || skip "needs ${missing[*]}"
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' > $policy; chmod 755 $policy; made=1; fi
  apt-get update -qq >/dev/null &&
    apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1
  result=$?
  [ -z "$made" ] || rm -f $policy
  [ $result = 0 ] || skip "apt-get cannot install ${missing[*]}"
  log "installed ${missing[*]}"
}

# start_work NAME: makes the working directory, in which buildah and dockerd have their own storage, and which is removed at the
# end, when everything that was started is stopped.
start_work() {
  WORK=$(mktemp -d "/var/tmp/imagespec-$1.XXXXXX")
  services=()
  # Docker's client of the distribution, not one that shadows it and cannot build, is found by the tool itself.
  export PATH=$PATH:/usr/sbin:/sbin
  unset DOCKER_CONFIG REGISTRY_AUTH_FILE BUILDX_BUILDER
  unset FLYTE_FORCE_PUSH_IMAGE_SPEC FLYTE_PUSH_IMAGE_SPEC FLYTE_IMG_FAST_FAIL FLYTE_INTERNAL_EXECUTION_ID
  export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$WORK/storage.conf DOCKER_HOST=unix://$WORK/docker.sock TMPDIR=$WORK/tmp
  mkdir -p "$TMPDIR" "$WORK/project"
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' \
    "${DRIVER:-overlay}" "$WORK" "$WORK" > "$CONTAINERS_STORAGE_CONF"
  trap stop_work EXIT
  trap 'exit 130' INT TERM
}

stop_work() {
  local name pid mount
  # Not in a subshell that a signal ends before it has become another program.
  [ "$BASHPID" = $$ ] || return
  for name in "${services[@]}"; do
    pid=$(cat "$WORK/$name.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null
    wait_for eval "! kill -0 $pid"
  done
  buildah rm --all >/dev/null 2>&1
  for mount in $(awk -v work="$WORK" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
  [ "$keep" = --keep ] && log "kept $WORK" || rm -rf "$WORK"
}

# service NAME COMMAND…: starts a program that is stopped at the end; its output is in NAME.log.
service() {
  local name=$1; shift
  services=("$name" "${services[@]}")
  "$@" > "$WORK/$name.log" 2>&1 & echo $! > "$WORK/$name.pid"
}

# start_registry NAME PORT [YAML]: a registry on loopback, with lines that are added to its configuration.
start_registry() {
  cat > "$WORK/$1.yml" <<Y
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $WORK/$1}
http: {addr: "127.0.0.1:$2", secret: loopback}
${3:-}
Y
  service "$1" docker-registry serve "$WORK/$1.yml"
  wait_for bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" || skip "no registry"
}

# start_docker: dockerd with its own storage, without a network. False if it does not work here.
start_docker() {
  cat > "$WORK/daemon.json" <<J
{ "data-root": "$WORK/docker", "exec-root": "$WORK/docker-exec", "pidfile": "$WORK/dockerd.pid", "hosts": ["$DOCKER_HOST"],
  "storage-driver": "overlay2", "bridge": "none", "iptables": false, "ip6tables": false, "features": {"buildkit": true} }
J
  service docker dockerd --config-file "$WORK/daemon.json"
  wait_for /usr/bin/docker version || { log "SKIP docker: $(tail -1 "$WORK/docker.log")"; return 1; }
  log "dockerd $(/usr/bin/docker version -f '{{.Server.Version}}')"
}

# root_files FILE ARGUMENT…: a tar file of Debian 12 in the cache, made by mmdebstrap with these arguments.
root_files() {
  local file=$CACHE/$1; shift
  [ -f "$file" ] && return
  mkdir -p "$CACHE"
  mmdebstrap --quiet --format=tar --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' "$@" bookworm "$file.$$" && rm -rf "$file" && mv -T "$file.$$" "$file" || skip "mmdebstrap failed"
  log "root file system of Debian 12: ${file##*/}"
}

# The version of uv that Dockerfiles name, and its program in the cache.
uv_version=$(sed -n 's/.*uvImage = ".*:\(.*\)"/\1/p' "$package/Sources/ImageSpecBuilding/RenderingConstants.swift")
fetch_uv() {
  [ "$("$CACHE/uv" --version 2>/dev/null | cut -d' ' -f2)" = "$uv_version" ] && return
  mkdir -p "$CACHE"
  python3 -m venv "$WORK/venv" && "$WORK/venv/bin/pip" install -q "uv==$uv_version" && cp "$WORK/venv/bin/uv" "$CACHE/uv.$$" &&
    mv -T "$CACHE/uv.$$" "$CACHE/uv" || skip "no uv from PyPI"
  log "uv $uv_version from PyPI"
}
