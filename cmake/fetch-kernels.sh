#!/bin/bash
# Downloads Debian's Linux kernels, the group [kernels] of packages.txt, and unpacks them into build/debian-kernels/<package>/,
# without installing them: their scripts would change the machine's own boot menu.
#   cmake/fetch-kernels.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$here/../build/debian-kernels
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "fetch-kernels: not a Debian system" >&2
    exit 1
fi

mkdir -p "$target"
for package in $("$here/install-packages.sh" --list kernels); do
    if compgen -G "$target/$package/boot/vmlinuz-*" >/dev/null; then
        continue
    fi
    # The package itself is empty and depends on that of the newest version.
    image=$(apt-cache depends --no-recommends --no-suggests "$package" | awk '/Depends: linux-image/ { print $2; exit }')
    work=$target/.work.$$
    mkdir -p "$work"
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$image" && mkdir unpacked &&
        dpkg-deb --fsys-tarfile ./*.deb | tar -x -C unpacked ./boot) || {
        rm -rf "$work"
        echo "fetch-kernels: $package can't be downloaded" >&2
        exit 1
    }
    rm -rf "${target:?}/$package"
    mv "$work/unpacked" "$target/$package"
    rm -rf "$work"
done
