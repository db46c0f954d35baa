#!/bin/bash
# Downloads Debian's Linux kernels and Xen, the group [kernels] of packages.txt, and unpacks them into build/debian-kernels/<package>/,
# without installing them: their scripts would change the machine's own boot menu.
#   cmake/fetch-kernels.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$here/../build/debian-kernels
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "fetch-kernels: not a Debian system" >&2
    exit 1
fi

# Downloads a package and unpacks its /boot; fails without a trace.
fetch() {
    local package=$1 image work=$target/.work.$$
    # A package without version is empty and depends on that of the newest one.
    image=$(apt-cache depends --no-recommends --no-suggests "$package" 2>/dev/null |
        awk '/Depends: linux-image/ && !found { found = $2 } END { print found }')
    case $package in
    xen-*) image=$package ;;
    esac
    [ -n "$image" ] || return 1
    mkdir -p "$work"
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$image" && mkdir unpacked &&
        dpkg-deb --fsys-tarfile ./*.deb | tar -x -C unpacked ./boot && compgen -G 'unpacked/boot/[vx]*-*' >/dev/null) || {
        rm -rf "$work"
        return 1
    }
    rm -rf "${target:?}/$package"
    mv "$work/unpacked" "$target/$package"
    rm -rf "$work"
}

# A fresh machine has no package lists; outdated ones name files that the server has no more.
refreshed=false
refresh_lists() {
    local sudo=()
    if $refreshed; then
        return 1
    fi
    refreshed=true
    if [ "$(id -u)" != 0 ]; then
        sudo=(sudo -n)
    fi
    "${sudo[@]}" apt-get -qq update
}

mkdir -p "$target"
packages=$("$here/install-packages.sh" --list kernels)
for package in $packages; do
    if compgen -G "$target/$package/boot/[vx]*-*" >/dev/null; then
        continue
    fi
    if fetch "$package" || { refresh_lists && fetch "$package"; }; then
        continue
    fi
    echo "fetch-kernels: $package can't be downloaded: look what 'apt-get update' and 'apt-get download $package' say" >&2
    exit 1
done
