#!/bin/sh
# Builds provision.c with AWS's library, from a folder that holds checkouts of these repositories side by side:
#
#     $AWS_C_LIBRARIES/Fleet-Provisioning-for-AWS-IoT-embedded-sdk   github.com/aws, v1.1.0 or newer
#     $AWS_C_LIBRARIES/tinycbor                                      github.com/intel, v0.6.0
#
# and libmosquitto 2.0 of the system (Debian: libmosquitto-dev). None of their code is ours to keep here.
#
#     AWS_C_LIBRARIES=FOLDER build-provision.sh PROGRAM
set -eu
libraries=${AWS_C_LIBRARIES:?set it to the folder that holds the checkouts}
program=${1:?name the program to build}
here=$(dirname "$0")
provisioning=$libraries/Fleet-Provisioning-for-AWS-IoT-embedded-sdk/source
cbor=$libraries/tinycbor/src

# Ours with all warnings; theirs as it is. Assertions and sanitizers are on in both.
"${CC:-cc}" -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra \
  -DFLEET_PROVISIONING_DO_NOT_USE_CUSTOM_CONFIG \
  -isystem "$provisioning/include" -isystem "$cbor" -c "$here/provision.c" -o "$program.o"
"${CC:-cc}" -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -w \
  -D_GNU_SOURCE -DFLEET_PROVISIONING_DO_NOT_USE_CUSTOM_CONFIG -I "$provisioning/include" -I "$cbor" \
  "$program.o" "$provisioning/fleet_provisioning.c" "$cbor/cborencoder.c" \
  "$cbor/cborencoder_close_container_checked.c" "$cbor/cborparser.c" \
  -lmosquitto -o "$program"
