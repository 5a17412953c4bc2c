#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds several specs with shared bases at once, with a real buildah, and looks at what was built how often.
#
#   Tests/Integration/graph.sh [--keep]
#
# Needs root (chroot isolation), buildah and Python 3. The base image is a shell and the libraries of this machine that it needs, so
# that nothing is fetched. Installs nothing.
#   IMAGESPEC     the imagespec tool; by default that of this package's debug build
#   DRIVER        how layers are stored; by default overlay, where that does not work vfs
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
  if [ "$2" = "$3" ]; then ok "$1"; else bad "$1"; printf '  expected: %q\n  found:    %q\n' "$2" "$3"; tail -40 "$WORK/err" | sed 's/^/  | /'; fi
}
skip() { echo "graph.sh: $1" >&2; exit 77; }

[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$IMAGESPEC" ] || skip "no $IMAGESPEC; run swift build, or set IMAGESPEC"
for program in buildah python3; do command -v $program >/dev/null || skip "needs $program"; done

WORK=$(mktemp -d /var/tmp/imagespec-graph.XXXXXX)
unset DOCKER_CONFIG DOCKER_HOST REGISTRY_AUTH_FILE
unset FLYTE_FORCE_PUSH_IMAGE_SPEC FLYTE_PUSH_IMAGE_SPEC FLYTE_IMG_FAST_FAIL FLYTE_INTERNAL_EXECUTION_ID
export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$WORK/storage.conf TMPDIR=$WORK/tmp IMAGESPEC_CACHE=off
mkdir "$TMPDIR" "$WORK/project" "$WORK/bin"
stop() {
  buildah rm --all >/dev/null 2>&1
  for mount in $(awk -v work="$WORK" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
  [ "$keep" = --keep ] && log "kept $WORK" || rm -rf "$WORK"
}
trap stop EXIT
trap 'exit 130' INT TERM
storage() {
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s/graph-%s"\nrunroot = "%s/run-%s"\n' "$1" "$WORK" "$1" "$WORK" "$1" > "$CONTAINERS_STORAGE_CONF"
}
storage "${DRIVER:-overlay}"
buildah info >/dev/null 2>&1 || { storage vfs; buildah info >/dev/null 2>"$WORK/err" || skip "buildah does not work: $(tail -1 "$WORK/err")"; }
log "$(buildah --version)"

# --- the base image: a shell and the few programs that rendered steps call -------------------------------------------

root=$WORK/root
mkdir -p "$root"/{bin,etc,root,tmp,home}
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"; printf 'root:x:0:\n' > "$root/etc/group"
for program in sh id mkdir chown cat sleep; do
  path=$(command -v $program); cp -L "$path" "$root/bin/$program"
  for library in $(ldd "$path" | grep -o '/[^ ]*'); do mkdir -p "$root$(dirname "$library")"; cp -nL "$library" "$root$library"; done
done
# What makes the user of an image, as far as these images need it.
printf '#!/bin/sh\necho "flytekit:x:1000:1000::/home:/bin/sh" >> /etc/passwd\n' > "$root/bin/useradd"; chmod 755 "$root/bin/useradd"
c=$(buildah from scratch)
buildah copy -q "$c" "$root" / >/dev/null
buildah config --env PATH=/bin "$c"
buildah commit -q --rm "$c" localhost/base:1 >/dev/null || skip "no base image"

# --- specs ---------------------------------------------------------------------------------------------------------

cd "$WORK/project"
nap=1.5
spec() { # spec NAME BASE COMMAND
  printf '{"name": "%s", "base_image": "%s", "commands": ["%s"]}\n' "$1" "$2" "$3" > "$1.json"
}
spec shared localhost/base:1 'echo shared > /shared'
for name in one two three four; do spec $name ./shared.json "cat /shared > /$name; sleep $nap"; done
spec broken localhost/base:1 'echo the reason; exit 3'
spec above ./broken.json 'echo never'
spec alone localhost/base:1 "sleep $nap; echo alone > /alone"
all="one.json two.json three.json four.json broken.json above.json alone.json shared.json"
# The engine that the tool finds counts its builds.
printf '#!/bin/sh\necho "$(date +%%s.%%N) $*" >> "%s/calls"\nexec %s "$@"\n' "$WORK" "$(command -v buildah)" > "$WORK/bin/buildah"
chmod 755 "$WORK/bin/buildah"
export PATH=$WORK/bin:$PATH
now() { date +%s%N; }

# --- what is shown ---------------------------------------------------------------------------------------------------

check "the graph has each image once" "8 5" \
  "$("$IMAGESPEC" graph $all | grep -c '\["') $("$IMAGESPEC" graph $all | grep -c -- '-->')"

build() { # build JOBS: the time that it took, in milliseconds
  local start; start=$(now)
  : > "$WORK/calls"
  timeout 120 "$IMAGESPEC" build --engine buildah --jobs "$1" $all > "$WORK/out" 2> "$WORK/err"; status=$?
  time=$((($(now) - start) / 1000000))
}
build 4
four=$time
check "a failing command ends the tool with 74" 74 $status
expected=
for name in one two three four alone shared; do expected+=$("$IMAGESPEC" name $name.json)$'\n'; done
check "the names of all others are printed, in the order of the specs" "$expected" "$(cat "$WORK/out")"$'\n'
for name in shared one two three four broken alone; do
  check "$name is built once" 1 "$(grep " build .*$("$IMAGESPEC" name $name.json)" -c "$WORK/calls")"
done
check "what is above the failed one is not tried" 0 "$(grep -c " build .*$("$IMAGESPEC" name above.json)" "$WORK/calls")"
check "and says why" 1 "$(grep -c "^imagespec: $("$IMAGESPEC" name above.json): not built: the build of its base image $("$IMAGESPEC" name broken.json) failed" "$WORK/err")"
check "the table counts them" "6 built, 1 failed, 1 not built" "$(tail -1 "$WORK/err")"
check "the failure tells its step's output" 1 "$(grep -c '^imagespec:   the reason' "$WORK/err")"
c=$(buildah from "$("$IMAGESPEC" name four.json)")
check "an image is on its base" shared "$(buildah run "$c" -- cat /four)"
buildah rm "$c" >/dev/null
check "no temporary folder is left" "" "$(ls -d "$TMPDIR"/imagespec-* 2>/dev/null)"

build 4
check "the second time only the failed one is tried" 1 "$(grep -c ' build ' "$WORK/calls")"

buildah rmi --all --force >/dev/null 2>&1
c=$(buildah from scratch); buildah copy -q "$c" "$root" / >/dev/null; buildah config --env PATH=/bin "$c"
buildah commit -q --rm "$c" localhost/base:1 >/dev/null
build 1
log "     one at once: $time ms; four at once: $four ms"
check "four at once are faster than one" yes "$([ "$four" -lt "$time" ] && echo yes)"

# --- Ctrl-C ----------------------------------------------------------------------------------------------------------

for name in slow slower; do spec $name ./shared.json "echo begun; sleep 61.7"; done
spec quick ./shared.json 'echo quick > /quick'
set -m
"$IMAGESPEC" build --engine buildah --jobs 4 quick.json slow.json slower.json > "$WORK/out" 2> "$WORK/err" & pid=$!
set +m
for _ in $(seq 400); do [ "$(grep -c '| begun$' "$WORK/err")" = 2 ] && grep -q '^quick:.*: built in' "$WORK/err" && break; sleep 0.1; done
kill -INT $pid; wait $pid
check "SIGINT ends the tool" 130 $?
check "and every build" "" "$(grep -lzxF 61.7 /proc/[0-9]*/cmdline 2>/dev/null)"
check "the table says what was built and what not" "2 stopped" "$(tail -1 "$WORK/err" | grep -o '2 stopped')"
check "what was built stays" yes "$(buildah inspect --type image "$("$IMAGESPEC" name quick.json)" >/dev/null 2>&1 && echo yes)"
check "no temporary folder is left after that" "" "$(ls -d "$TMPDIR"/imagespec-* 2>/dev/null)"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
