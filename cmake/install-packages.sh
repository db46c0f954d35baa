#!/bin/bash
# Installs the Debian packages of the named groups of packages.txt that are missing.
#   cmake/install-packages.sh [-y] [GROUP...]     groups: build run package gui test bench; without any: build run
#   cmake/install-packages.sh --list GROUP...     prints the packages of the groups, and does nothing
# -y: does not ask. Without root and sudo, or with nobody to ask, prints the command to run and fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
yes=false
list=false
groups=()
for argument in "$@"; do
    case $argument in
    -y) yes=true ;;
    --list) list=true ;;
    -*)
        echo "usage: install-packages.sh [-y | --list] [GROUP...]" >&2
        exit 2
        ;;
    *) groups+=("$argument") ;;
    esac
done
if [ ${#groups[@]} = 0 ]; then
    groups=(build run)
fi

# Prints the packages of a group; ends the script, or its subshell, if there is no such group.
packages_of() {
    awk -v wanted="[$1]" '
        { sub(/#.*/, ""); $1 = $1 }
        /^\[/ { inside = ($0 == wanted); found += inside; next }
        NF && inside { print $1 }
        END { exit !found }' "$here/packages.txt" || {
        echo "install-packages: packages.txt has no group '$1'" >&2
        exit 2
    }
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if $list; then
    for group in "${groups[@]}"; do
        packages_of "$group"
    done
    exit 0
fi
if ! command -v dpkg-query >/dev/null; then
    echo "install-packages: not a Debian system: install by other means what $here/packages.txt lists" >&2
    exit 0
fi

missing=()
for group in "${groups[@]}"; do
    packages=$(packages_of "$group")
    for package in $packages; do
        is_installed "$package" || missing+=("$package")
    done
done
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi

install=(apt-get install -y --no-install-recommends "${missing[@]}")
sudo=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing, and neither root nor sudo is here to install them. As root:" >&2
        echo "  ${install[*]}" >&2
        exit 1
    fi
    sudo=(sudo)
fi
if ! $yes; then
    if ! [ -t 0 ]; then
        echo "These packages are missing; -y installs them, or this line:" >&2
        echo "  ${sudo[*]} ${install[*]}" >&2
        exit 1
    fi
    echo "Missing packages: ${missing[*]}"
    read -r -p "Install them now? [Y/n] " answer
    case $answer in
    '' | [Yy]*) ;;
    *)
        echo "Not installed. This line does it: ${sudo[*]} ${install[*]}" >&2
        exit 1
        ;;
    esac
fi

run() {
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}
# A fresh machine has no package lists, an old one outdated ones: they are fetched when the first attempt fails.
if ! run "${install[@]}"; then
    run apt-get update
    run "${install[@]}"
fi
