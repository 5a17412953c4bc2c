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
#
# A small spec is named in milliseconds, of which most went to the dynamic linker: libcrypto and libstdc++ are inside the
# file and not loaded, which takes two thirds of the time. Of libcrypto that is the digests. (Without position-independent
# code it would be another third less; but the tool talks to registries through a library in C.)
build_release_tool() {
    local options=()
    if [ "$(uname -s)" = Linux ]; then
        link_static_libraries "$PWD/.build/static-libraries"
        options=(--static-swift-stdlib)
    fi
    env -u IMAGESPEC_STRICT PKG_CONFIG_PATH="$PWD/.build/static-libraries" \
        swift build -c release "${options[@]}" --product imagespec
}

# Makes a folder in which the linker finds these libraries in their static form only, and one of pkg-config's files that
# has it look there first. Where one is not installed, the shared one is taken as ever.
link_static_libraries() {
    local folder=$1 name path
    mkdir -p "$folder"
    for name in libcrypto.a libstdc++.a libgcc_eh.a libz.a; do
        path=$(clang -print-file-name="$name" || true)
        if [ -f "$path" ]; then ln -sf "$(realpath "$path")" "$folder/$name"; fi
    done
    # The name by which the Swift driver asks for it.
    if [ -e "$folder/libgcc_eh.a" ]; then ln -sf libgcc_eh.a "$folder/libgcc_s.a"; fi
    [ -e "$folder/libcrypto.a" ] || return 0
    printf 'Name: libcrypto\nDescription: digests\nVersion: 3\nLibs: -L%s -lcrypto\n' "${folder// /\\ }" \
        >"$folder/libcrypto.pc"
}
