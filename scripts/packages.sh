#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs what the project needs and does not find: the one list of packages.
# Prints nothing when all is there. Debian and its relatives only; elsewhere it
# says which programs are missing.
#
#   packages.sh run     to build and boot systems
#   packages.sh test    and to run all tests
#   packages.sh check   and the static gate

run="make gcc libc6-dev gcc-aarch64-linux-gnu g++-aarch64-linux-gnu binutils-aarch64-linux-gnu
     device-tree-compiler libfdt-dev libelf-dev qemu-system-arm python3 mawk e2fsprogs"
test="clang libclang-rt-dev libcmocka-dev cloc u-boot-qemu qemu-efi-aarch64"
check="clang-tidy shellcheck"

case $1 in
run)   wanted=$run ;;
test)  wanted="$run $test" ;;
check) wanted="$run $test $check" ;;
*)     echo "usage: packages.sh run|test|check" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
    for program in gcc aarch64-linux-gnu-gcc dtc qemu-system-aarch64 python3; do
        command -v "$program" >/dev/null || { echo "$program is missing: install it" >&2; exit 1; }
    done
    exit 0
fi

missing=
for package in $wanted; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "missing packages; as root: apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q update || exit 1
# shellcheck disable=SC2086
exec $as_root apt-get -q install -y --no-install-recommends $missing
