/*
 * A small device of AWS's own C libraries: topics and messages are theirs, used as their demos use them (Modular OTA and
 * jobs_demo_mosquitto), over libmosquitto. It takes its next job, downloads the first file of it block by block into
 * FILE, and reports success.
 *
 *     device HOST PORT THING cbor|json FILE [--mqtt5] [--unsubscribed]
 *
 * --unsubscribed leaves out the subscriptions to the answers of the Jobs service, as those demos do: AWS IoT Core
 * answers the connection that asked, subscribed or not.
 *
 * Each line of its output is an event: subscribed FILTER, sent TOPIC PAYLOAD (text, or hex after 0x), got TOPIC BYTES,
 * rejected TOPIC PAYLOAD, failed REASON, done BYTES. Exit code: 0 done, 1 failed, 2 usage.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mosquitto.h>

#include "MQTTFileDownloader.h"
#include "MQTTFileDownloader_defaults.h"
#include "jobs.h"
#include "ota_job_processor.h"

#define KEEP_ALIVE_SECONDS 60
#define SILENCE_SECONDS 10
#define QOS 1

/* What the device waits for. */
enum step { CONNECTION, JOB_TOPICS, PENDING, NEXT, STARTED, DATA_TOPIC, BLOCK, PROGRESS, STALE, SUCCESS, QUEUE_END };

static const char *const step_names[] = {
    "connection", "subscription to jobs", "pending jobs", "next job",      "start of the job", "subscription to data",
    "block",      "answer to progress",   "refusal",      "answer to success", "end of the queue",
};

struct device {
    struct mosquitto *mqtt;
    const char *thing;
    DataType_t format;
    bool unsubscribed;
    FILE *file;

    enum step step;
    time_t last_step;
    bool over;
    int exit_code;

    char job_id[JOBS_JOBID_MAX_LENGTH + 1];
    AfrOtaJobDocumentFields_t job; /* its texts are gone with the message that they came in */
    MqttFileDownloaderContext_t download;
    uint32_t next_block;
    size_t received;
};

static void finish(struct device *d, int exit_code)
{
    if (d->over) return;
    d->over = true;
    d->exit_code = exit_code;
    mosquitto_disconnect(d->mqtt);
}

__attribute__((format(printf, 2, 3))) static void fail(struct device *d, const char *reason, ...)
{
    va_list arguments;
    va_start(arguments, reason);
    printf("failed ");
    vprintf(reason, arguments);
    printf(", waiting for: %s\n", step_names[d->step]);
    va_end(arguments);
    finish(d, 1);
}

static void enter(struct device *d, enum step step)
{
    d->step = step;
    d->last_step = time(NULL);
}

static void print_hex(const char *bytes, size_t length)
{
    printf("0x");
    for (size_t i = 0; i < length; i++) printf("%02x", (unsigned char)bytes[i]);
    printf("\n");
}

static void publish(struct device *d, const char *topic, const char *payload, size_t length)
{
    printf("sent %s ", topic);
    if (length == 0 || payload[0] == '{') printf("%.*s\n", (int)length, payload);
    else print_hex(payload, length);
    int result = mosquitto_publish(d->mqtt, NULL, topic, (int)length, length ? payload : NULL, QOS, false);
    if (result != MOSQ_ERR_SUCCESS) fail(d, "cannot publish: %s", mosquitto_strerror(result));
}

static void subscribe(struct device *d, char *const *filters, int count)
{
    for (int i = 0; i < count; i++) printf("subscribed %s\n", filters[i]);
    int result = mosquitto_subscribe_multiple(d->mqtt, NULL, count, filters, QOS, 0, NULL);
    if (result != MOSQ_ERR_SUCCESS) fail(d, "cannot subscribe: %s", mosquitto_strerror(result));
}

/* ---- jobs ---- */

static void ask_pending(struct device *d)
{
    char topic[TOPIC_BUFFER_SIZE + 1];
    Jobs_GetPending(topic, TOPIC_BUFFER_SIZE, d->thing, strlen(d->thing), NULL);
    enter(d, PENDING);
    publish(d, topic, NULL, 0);
}

static void ask_next(struct device *d)
{
    char topic[TOPIC_BUFFER_SIZE + 1];
    Jobs_Describe(topic, TOPIC_BUFFER_SIZE, d->thing, strlen(d->thing), JOBS_API_JOBID_NEXT, JOBS_API_JOBID_NEXT_LENGTH,
                  NULL);
    enter(d, NEXT);
    publish(d, topic, NULL, 0);
}

static void start_next(struct device *d)
{
    char topic[TOPIC_BUFFER_SIZE + 1], message[START_JOB_MSG_LENGTH];
    Jobs_StartNext(topic, TOPIC_BUFFER_SIZE, d->thing, strlen(d->thing), NULL);
    size_t length = Jobs_StartNextMsg("test", 4U, message, sizeof(message));
    enter(d, STARTED);
    publish(d, topic, message, length);
}

static void update(struct device *d, enum step step, JobsUpdateRequest_t request)
{
    char topic[TOPIC_BUFFER_SIZE + 1], message[128];
    if (request.expectedVersion) request.expectedVersionLength = strlen(request.expectedVersion);
    if (request.statusDetails) request.statusDetailsLength = strlen(request.statusDetails);
    Jobs_Update(topic, TOPIC_BUFFER_SIZE, d->thing, strlen(d->thing), d->job_id, strlen(d->job_id), NULL);
    size_t length = Jobs_UpdateMsg(request, message, sizeof(message));
    enter(d, step);
    if (length == 0) fail(d, "the update does not fit");
    else publish(d, topic, message, length);
}

/* ---- the file ---- */

static void request_block(struct device *d)
{
    char request[GET_STREAM_REQUEST_BUFFER_SIZE];
    /* One at a time, as the demos have it: with more, the bitmap that the library sends along in CBOR would count. */
    size_t length = mqttDownloader_createGetDataBlockRequest(d->format, d->job.fileId,
                                                             mqttFileDownloader_CONFIG_BLOCK_SIZE, d->next_block, 1U,
                                                             request, sizeof(request));
    enter(d, BLOCK);
    publish(d, d->download.topicGetStream, request, length);
}

static void on_block(struct device *d, const struct mosquitto_message *message)
{
    int32_t file_id, block_id, block_bytes;
    uint8_t data[mqttFileDownloader_CONFIG_BLOCK_SIZE];
    size_t length = 0;
    MQTTFileDownloaderStatus_t status = mqttDownloader_processReceivedDataBlock(
        &d->download, message->payload, message->payloadlen, &file_id, &block_id, &block_bytes, data, &length);

    if (status != MQTTFileDownloaderSuccess) return fail(d, "the library cannot read block %u", d->next_block);
    if (d->step != BLOCK || file_id != (int32_t)d->job.fileId || block_id != (int32_t)d->next_block)
        return fail(d, "block %d of file %d was not asked for", block_id, file_id);
    if (block_bytes != (int32_t)length) return fail(d, "block of %d bytes has %zu", block_bytes, length);

    if (fwrite(data, 1, length, d->file) != length) return fail(d, "cannot write the file");
    d->received += length;
    d->next_block++;
    if (d->received < d->job.fileSize) return request_block(d);
    update(d, PROGRESS,
           (JobsUpdateRequest_t){InProgress, .expectedVersion = "2", .statusDetails = "{\"step\":\"downloaded\"}"});
}

static void on_job(struct device *d, const struct mosquitto_message *message)
{
    const char *id, *document;
    size_t id_length = Jobs_GetJobId(message->payload, message->payloadlen, &id);
    size_t document_length = Jobs_GetJobDocument(message->payload, message->payloadlen, &document);
    if (id_length == 0 || id_length >= sizeof(d->job_id)) return fail(d, "no job id");
    memcpy(d->job_id, id, id_length);
    if (otaParser_parseJobDocFile(document, document_length, 0U, &d->job) < 0) return fail(d, "no OTA job document");
    mqttDownloader_init(&d->download, d->job.imageRef, d->job.imageRefLen, d->thing, strlen(d->thing), d->format);

    /* The library never listens for refusals; this program wants to say what was refused. */
    char rejected[TOPIC_STREAM_DATA_BUFFER_SIZE + 8];
    snprintf(rejected, sizeof(rejected), MQTT_API_THINGS "%s" MQTT_API_STREAMS "%.*s/rejected/+", d->thing,
             (int)d->job.imageRefLen, d->job.imageRef);
    enter(d, DATA_TOPIC);
    subscribe(d, (char *const[]){d->download.topicStreamData, rejected}, 2);
}

/* ---- what comes in ---- */

static void on_job_reply(struct device *d, JobsTopic_t api, const struct mosquitto_message *message)
{
    const char *job_id;
    bool names_job = Jobs_GetJobId(message->payload, message->payloadlen, &job_id) > 0;
    size_t length = strlen(message->topic), thing_length = strlen(d->thing), id_length = strlen(d->job_id);
    bool accepted = Jobs_IsJobUpdateStatus(message->topic, length, d->job_id, id_length, d->thing, thing_length,
                                           JobUpdateStatus_Accepted);
    bool rejected = Jobs_IsJobUpdateStatus(message->topic, length, d->job_id, id_length, d->thing, thing_length,
                                           JobUpdateStatus_Rejected);

    if (d->step == PENDING && api == JobsGetPendingSuccess) return ask_next(d);
    if (d->step == NEXT && api == JobsDescribeSuccess && names_job) return start_next(d);
    if (d->step == STARTED && Jobs_IsStartNextAccepted(message->topic, length, d->thing, thing_length))
        return on_job(d, message);
    /* A second report with the version of the first is one that lost a race. */
    if (d->step == PROGRESS && accepted)
        return update(d, STALE, (JobsUpdateRequest_t){Succeeded, .expectedVersion = "2"});
    if (d->step == STALE && rejected)
        return update(d, SUCCESS, (JobsUpdateRequest_t){Succeeded, .expectedVersion = "3"});
    if (d->step == SUCCESS && accepted) {
        enter(d, QUEUE_END);
        if (d->unsubscribed) finish(d, 0);
        return;
    }
    if (d->step == QUEUE_END && api == JobsNextJobChanged && !names_job) return finish(d, 0);
    if (api == JobsJobsChanged || api == JobsNextJobChanged) return;
    fail(d, "unexpected answer");
}

static void on_message(struct mosquitto *mqtt, void *self, const struct mosquitto_message *message)
{
    (void)mqtt;
    struct device *d = self;
    size_t length = strlen(message->topic);
    if (strstr(message->topic, "/rejected"))
        printf("rejected %s %.*s\n", message->topic, message->payloadlen, (const char *)message->payload);
    else printf("got %s %d\n", message->topic, message->payloadlen);

    if (mqttDownloader_isDataBlockReceived(&d->download, message->topic, length) == MQTTFileDownloaderSuccess)
        return on_block(d, message);
    JobsTopic_t api;
    if (Jobs_MatchTopic(message->topic, length, d->thing, strlen(d->thing), &api, NULL, NULL) == JobsSuccess)
        return on_job_reply(d, api, message);
    fail(d, "unexpected topic");
}

static void on_connect(struct mosquitto *mqtt, void *self, int result)
{
    (void)mqtt;
    struct device *d = self;
    if (result != 0) return fail(d, "refused: %s", mosquitto_connack_string(result));
    if (d->unsubscribed) return ask_pending(d);

    char topics[JobsMaxTopic][TOPIC_BUFFER_SIZE + 1];
    char *filters[JobsMaxTopic];
    for (int api = JobsJobsChanged; api < JobsMaxTopic; api++) {
        Jobs_GetTopic(topics[api], TOPIC_BUFFER_SIZE, d->thing, strlen(d->thing), api, NULL);
        filters[api] = topics[api];
    }
    enter(d, JOB_TOPICS);
    /* In two: AWS IoT Core takes at most eight filters in one SUBSCRIBE. */
    subscribe(d, filters, JobsUpdateSuccess);
    subscribe(d, filters + JobsUpdateSuccess, JobsMaxTopic - JobsUpdateSuccess);
}

static void on_subscribe(struct mosquitto *mqtt, void *self, int id, int count, const int *granted)
{
    (void)mqtt, (void)id;
    struct device *d = self;
    for (int i = 0; i < count; i++)
        if (granted[i] > QOS) return fail(d, "a subscription was refused: 0x%02x", granted[i]);
    if (d->step == JOB_TOPICS && count < JobsUpdateSuccess) ask_pending(d);
    else if (d->step == DATA_TOPIC) request_block(d);
}

static void run(struct device *d, const char *host, int port)
{
    mosquitto_connect_callback_set(d->mqtt, on_connect);
    mosquitto_subscribe_callback_set(d->mqtt, on_subscribe);
    mosquitto_message_callback_set(d->mqtt, on_message);
    enter(d, CONNECTION);
    int result = mosquitto_connect(d->mqtt, host, port, KEEP_ALIVE_SECONDS);
    while (result == MOSQ_ERR_SUCCESS && !d->over) {
        result = mosquitto_loop(d->mqtt, 500, 1);
        if (time(NULL) - d->last_step > SILENCE_SECONDS) fail(d, "%d s of silence", SILENCE_SECONDS);
    }
    if (!d->over) fail(d, "connection lost: %s", mosquitto_strerror(result));
}

int main(int count, char **arguments)
{
    if (count < 6 || (strcmp(arguments[4], "cbor") != 0 && strcmp(arguments[4], "json") != 0)) {
        fprintf(stderr, "usage: %s HOST PORT THING cbor|json FILE [--mqtt5] [--unsubscribed]\n", arguments[0]);
        return 2;
    }
    struct device d = {.thing = arguments[3],
                       .format = strcmp(arguments[4], "cbor") == 0 ? DATA_TYPE_CBOR : DATA_TYPE_JSON,
                       .file = fopen(arguments[5], "wb")};
    if (!d.file) return perror(arguments[5]), 2;
    mosquitto_lib_init();
    d.mqtt = mosquitto_new(d.thing, true, &d);
    mosquitto_int_option(d.mqtt, MOSQ_OPT_TCP_NODELAY, 1);
    for (int i = 6; i < count; i++) {
        if (strcmp(arguments[i], "--mqtt5") == 0)
            mosquitto_int_option(d.mqtt, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
        if (strcmp(arguments[i], "--unsubscribed") == 0) d.unsubscribed = true;
    }
    run(&d, arguments[1], atoi(arguments[2]));
    if (fclose(d.file) != 0) d.exit_code = 1;
    if (d.exit_code == 0) printf("done %zu\n", d.received);
    mosquitto_destroy(d.mqtt);
    mosquitto_lib_cleanup();
    return d.exit_code;
}
