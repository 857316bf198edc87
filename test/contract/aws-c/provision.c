/*
 * A device that provisions itself with AWS's own C library: topics by Fleet-Provisioning-for-AWS-IoT-embedded-sdk,
 * messages in CBOR by tinycbor with the keys of that library, in the order of AWS's demo (fleet_provisioning_with_csr),
 * over libmosquitto with the claim certificate.
 *
 *     provision HOST PORT SERVER_CA CLAIM CLAIM_KEY TEMPLATE SERIAL CSR CERTIFICATE
 *
 * It sends the request in CSR, registers SERIAL, writes the certificate that it was given to CERTIFICATE and prints the
 * name of its thing. Exit code: 0 done, 1 failed, 2 usage.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mosquitto.h>

#include "cbor.h"
#include "fleet_provisioning.h"

#define SILENCE_SECONDS 10
#define QOS 1
#define LARGE 16384

struct device {
    struct mosquitto *mqtt;
    const char *template_name;
    const char *serial;
    const char *csr_file;
    const char *certificate_file;
    char register_topics[3][128]; /* publish, accepted, rejected */
    int subscriptions_left;
    bool over;
    int exit_code;
};

static void finish(struct device *d, int exit_code, const char *why)
{
    if (exit_code != 0) fprintf(stderr, "failed: %s\n", why);
    d->over = true;
    d->exit_code = exit_code;
}

static void publish(struct device *d, const char *topic, const uint8_t *payload, size_t length)
{
    if (mosquitto_publish(d->mqtt, NULL, topic, (int)length, payload, QOS, false) != MOSQ_ERR_SUCCESS)
        finish(d, 1, topic);
}

static void send_csr(struct device *d)
{
    static uint8_t buffer[LARGE];
    static char csr[LARGE];
    FILE *file = fopen(d->csr_file, "rb");
    size_t length = file ? fread(csr, 1, sizeof csr, file) : 0;
    if (file) fclose(file);
    CborEncoder encoder, map;
    cbor_encoder_init(&encoder, buffer, sizeof buffer, 0);
    CborError error = cbor_encoder_create_map(&encoder, &map, 1);
    error |= cbor_encode_text_stringz(&map, FP_API_CSR_KEY);
    error |= cbor_encode_text_string(&map, csr, length);
    error |= cbor_encoder_close_container(&encoder, &map);
    if (error != CborNoError || length == 0) return finish(d, 1, "the request does not fit");
    publish(d, FP_CBOR_CREATE_CERT_PUBLISH_TOPIC, buffer, cbor_encoder_get_buffer_size(&encoder, buffer));
}

static void send_registration(struct device *d, const char *token)
{
    uint8_t buffer[1024];
    CborEncoder encoder, map, parameters;
    cbor_encoder_init(&encoder, buffer, sizeof buffer, 0);
    CborError error = cbor_encoder_create_map(&encoder, &map, 2);
    error |= cbor_encode_text_stringz(&map, FP_API_OWNERSHIP_TOKEN_KEY);
    error |= cbor_encode_text_stringz(&map, token);
    error |= cbor_encode_text_stringz(&map, FP_API_PARAMETERS_KEY);
    error |= cbor_encoder_create_map(&map, &parameters, 1);
    error |= cbor_encode_text_stringz(&parameters, "SerialNumber");
    error |= cbor_encode_text_stringz(&parameters, d->serial);
    error |= cbor_encoder_close_container(&map, &parameters);
    error |= cbor_encoder_close_container(&encoder, &map);
    if (error != CborNoError) return finish(d, 1, "the registration does not fit");
    publish(d, d->register_topics[0], buffer, cbor_encoder_get_buffer_size(&encoder, buffer));
}

/* As AWS's demo reads a reply: a map, a key, a text of definite length. */
static bool text_of(const struct mosquitto_message *message, const char *key, char *text, size_t size)
{
    CborParser parser;
    CborValue map, value;
    return cbor_parser_init(message->payload, (size_t)message->payloadlen, 0, &parser, &map) == CborNoError &&
           cbor_value_is_map(&map) && cbor_value_map_find_value(&map, key, &value) == CborNoError &&
           cbor_value_is_text_string(&value) && cbor_value_copy_text_string(&value, text, &size, NULL) == CborNoError;
}

static void on_created(struct device *d, const struct mosquitto_message *message)
{
    static char certificate[LARGE];
    char id[65], token[512]; /* the sizes of AWS's demo */
    if (!text_of(message, FP_API_CERTIFICATE_PEM_KEY, certificate, sizeof certificate) ||
        !text_of(message, FP_API_CERTIFICATE_ID_KEY, id, sizeof id) ||
        !text_of(message, FP_API_OWNERSHIP_TOKEN_KEY, token, sizeof token) || strlen(id) != 64)
        return finish(d, 1, "the reply with the certificate cannot be read");
    FILE *file = fopen(d->certificate_file, "wb");
    if (!file || fputs(certificate, file) < 0 || fclose(file) != 0) return finish(d, 1, "the certificate was not written");
    send_registration(d, token);
}

static void on_registered(struct device *d, const struct mosquitto_message *message)
{
    char thing[129];
    if (!text_of(message, FP_API_THING_NAME_KEY, thing, sizeof thing))
        return finish(d, 1, "the reply with the thing cannot be read");
    printf("%s\n", thing);
    finish(d, 0, NULL);
}

static void on_rejected(struct device *d, const struct mosquitto_message *message)
{
    char code[128] = "";
    text_of(message, FP_API_ERROR_CODE_KEY, code, sizeof code);
    finish(d, 1, code);
}

static void on_message(struct mosquitto *mqtt, void *context, const struct mosquitto_message *message)
{
    (void)mqtt;
    struct device *d = context;
    FleetProvisioningTopic_t api;
    if (FleetProvisioning_MatchTopic(message->topic, (uint16_t)strlen(message->topic), &api) != FleetProvisioningSuccess)
        return finish(d, 1, "a message on a topic that AWS's library does not know");
    if (api == FleetProvCborCreateCertFromCsrAccepted) on_created(d, message);
    else if (api == FleetProvCborRegisterThingAccepted) on_registered(d, message);
    else on_rejected(d, message);
}

static void on_connect(struct mosquitto *mqtt, void *context, int result)
{
    struct device *d = context;
    if (result != 0) return finish(d, 1, mosquitto_connack_string(result));
    const char *filters[] = {FP_CBOR_CREATE_CERT_ACCEPTED_TOPIC, FP_CBOR_CREATE_CERT_REJECTED_TOPIC,
                             d->register_topics[1], d->register_topics[2]};
    d->subscriptions_left = 4;
    for (int i = 0; i < 4; i++)
        if (mosquitto_subscribe(mqtt, NULL, filters[i], QOS) != MOSQ_ERR_SUCCESS) finish(d, 1, filters[i]);
}

static void on_subscribe(struct mosquitto *mqtt, void *context, int id, int count, const int *granted)
{
    (void)mqtt, (void)id, (void)count;
    struct device *d = context;
    if (granted[0] > QOS) return finish(d, 1, "a subscription was refused");
    if (--d->subscriptions_left == 0) send_csr(d);
}

static bool make_topics(struct device *d)
{
    const FleetProvisioningApiTopics_t kinds[] = {FleetProvisioningPublish, FleetProvisioningAccepted,
                                                  FleetProvisioningRejected};
    for (int i = 0; i < 3; i++) {
        uint16_t length = 0;
        char *topic = d->register_topics[i];
        if (FleetProvisioning_GetRegisterThingTopic(topic, sizeof d->register_topics[i] - 1, FleetProvisioningCbor,
                                                    kinds[i], d->template_name, (uint16_t)strlen(d->template_name),
                                                    &length) != FleetProvisioningSuccess)
            return false;
        topic[length] = '\0';
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 10) return 2;
    struct device d = {.template_name = argv[6], .serial = argv[7], .csr_file = argv[8], .certificate_file = argv[9]};
    if (!make_topics(&d)) return 2;
    mosquitto_lib_init();
    d.mqtt = mosquitto_new(d.serial, true, &d);
    mosquitto_connect_callback_set(d.mqtt, on_connect);
    mosquitto_subscribe_callback_set(d.mqtt, on_subscribe);
    mosquitto_message_callback_set(d.mqtt, on_message);
    mosquitto_int_option(d.mqtt, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_tls_set(d.mqtt, argv[3], NULL, argv[4], argv[5], NULL) != MOSQ_ERR_SUCCESS) finish(&d, 1, "TLS");
    int error = mosquitto_connect(d.mqtt, argv[1], atoi(argv[2]), 60);
    if (error != MOSQ_ERR_SUCCESS) finish(&d, 1, mosquitto_strerror(error));
    time_t end = time(NULL) + SILENCE_SECONDS;
    while (!d.over) {
        error = mosquitto_loop(d.mqtt, 100, 1);
        if (d.over) break;
        if (error != MOSQ_ERR_SUCCESS) finish(&d, 1, mosquitto_strerror(error));
        else if (time(NULL) > end) finish(&d, 1, "silence");
    }
    mosquitto_disconnect(d.mqtt);
    mosquitto_destroy(d.mqtt);
    mosquitto_lib_cleanup();
    return d.exit_code;
}
