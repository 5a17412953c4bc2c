# SPDX-License-Identifier: Apache-2.0
#
# What Scripts/test and Scripts/demo share; sourced in the package's folder.

tool=.build/release/imagespec

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs those of the named Debian packages that are missing. Services that come with them are not started.
install_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "no apt here; needed are: $*"
        return
    fi
    local missing=() package
    for package in "$@"; do
        dpkg-query --show --showformat '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed \
            || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then
        echo "installed already: $*"
        return
    fi
    echo "installing: ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d own_policy=false status=0
    if [ ! -e "$policy" ]; then
        own_policy=true
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    { as_root apt-get update -qq \
        && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
            "${missing[@]}" >/dev/null; } || status=$?
    if $own_policy; then as_root rm -f "$policy"; fi
    return $status
}

require_swift() {
    command -v swift >/dev/null || { echo "no swift: install a Swift toolchain, 6.2 or later" >&2; exit 69; }
}

# The tool as it is shipped: one file, which needs no Swift on the machine that it runs on. (Whether warnings are errors
# changes all commands of a build, so that it would begin anew.)
build_release_tool() {
    env -u IMAGESPEC_STRICT swift build -c release --static-swift-stdlib --product imagespec
}
