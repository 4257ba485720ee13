#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes the disk of the handset: three ext4 file systems, one behind the other,
# where system.dts has its partitions.
#
#   disk.sh FILE

set -eu
file=$1
folder=$(dirname "$file")
mkdir -p "$folder"
work=$(mktemp -d "$folder/disk.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Name, sectors of 512 bytes, folder with its first contents.
partition()
{
    truncate -s "$(($2 * 512))" "$work/$1"
    mke2fs -q -F -t ext4 -O ^has_journal -L "$1" -d "$3" "$work/$1" "$(($2 / 2))k"
    cat "$work/$1" >>"$work/disk"
}

# "shared" has a log of nothing: both machines mount it read-only at once.
mkdir "$work/files" "$work/empty"
cp "$(dirname "$0")/README.md" "$work/files/README"
printf 'Both machines read this, none can write it.\n' >"$work/files/welcome"
partition shared 16384 "$work/files"
partition personal 57344 "$work/empty"
partition business 57344 "$work/empty"
mv "$work/disk" "$file"
