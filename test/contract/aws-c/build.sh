#!/bin/sh
# Builds device.c with AWS's libraries, from a folder that holds checkouts of their repositories side by side:
#
#     $AWS_C_LIBRARIES/Jobs-for-AWS-IoT-embedded-sdk             github.com/aws, v2.0 (JobsUpdateRequest_t)
#     $AWS_C_LIBRARIES/aws-iot-core-mqtt-file-streams-embedded-c github.com/aws, v1.1.0
#     $AWS_C_LIBRARIES/coreJSON                                  github.com/FreeRTOS, v3.1 or newer
#     $AWS_C_LIBRARIES/tinycbor                                  github.com/intel, v0.6.0
#
# and libmosquitto 2.0 of the system (Debian: libmosquitto-dev), which is the transport. None of their code is ours to
# keep here.
#
#     AWS_C_LIBRARIES=FOLDER build.sh PROGRAM
set -eu
libraries=${AWS_C_LIBRARIES:?set it to the folder that holds the checkouts}
program=${1:?name the program to build}
here=$(dirname "$0")
jobs=$libraries/Jobs-for-AWS-IoT-embedded-sdk/source
streams=$libraries/aws-iot-core-mqtt-file-streams-embedded-c/source
json=$libraries/coreJSON/source
cbor=$libraries/tinycbor/src

# Ours with all warnings; theirs as it is. Assertions and sanitizers are on in both.
"${CC:-cc}" -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra \
  -DMQTT_STREAMS_DO_NOT_USE_CUSTOM_CONFIG \
  -isystem "$jobs/include" -isystem "$jobs/otaJobParser/include" -isystem "$streams/include" -isystem "$json/include" \
  -c "$here/device.c" -o "$program.o"
"${CC:-cc}" -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -w \
  -D_GNU_SOURCE -DMQTT_STREAMS_DO_NOT_USE_CUSTOM_CONFIG \
  -I "$jobs/include" -I "$jobs/otaJobParser/include" -I "$streams/include" -I "$json/include" -I "$cbor" \
  "$program.o" "$jobs/jobs.c" "$jobs/otaJobParser/job_parser.c" "$jobs/otaJobParser/ota_job_handler.c" \
  "$streams/MQTTFileDownloader.c" "$streams/MQTTFileDownloader_base64.c" "$streams/MQTTFileDownloader_cbor.c" \
  "$json/core_json.c" "$cbor/cborencoder.c" "$cbor/cborencoder_close_container_checked.c" "$cbor/cborparser.c" \
  -lmosquitto -o "$program"
