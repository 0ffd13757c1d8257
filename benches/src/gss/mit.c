/* Measures MIT's GSS-API library: reads "VERB SIZE COUNT", answers with nanoseconds.
 * The needed parts of gssapi.h (RFC 2744) are declared here, so that no headers are needed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { size_t length; void *value; } buffer;
typedef struct { uint32_t length; void *elements; } oid;
typedef uint32_t status;

status gss_import_name(status *, buffer *, oid *, void **);
status gss_acquire_cred(status *, void *, uint32_t, void *, int, void **, void **, uint32_t *);
status gss_init_sec_context(status *, void *, void **, void *, oid *, uint32_t, uint32_t, void *,
                            buffer *, oid **, buffer *, uint32_t *, uint32_t *);
status gss_accept_sec_context(status *, void **, void *, buffer *, void *, void **, oid **,
                              buffer *, uint32_t *, uint32_t *, void **);
status gss_wrap(status *, void *, int, uint32_t, buffer *, int *, buffer *);
status gss_unwrap(status *, void *, buffer *, buffer *, int *, uint32_t *);
status gss_release_buffer(status *, buffer *);
status gss_delete_sec_context(status *, void **, buffer *);

enum { ACCEPT = 2, MUTUAL_CONF_INTEG = 0x32, CONTINUE_NEEDED = 1 };

static oid krb5 = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static oid principal_name = { 10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01" };
static void *target, *keytab;
static status minor;

static void check(const char *what, status major)
{
    if (major & 0xffff0000u) {
        fprintf(stderr, "%s: %x, %u\n", what, major, minor);
        exit(1);
    }
}

static void initiate(void **context, buffer *in, buffer *out)
{
    check("gss_init_sec_context",
          gss_init_sec_context(&minor, NULL, context, target, &krb5, MUTUAL_CONF_INTEG, 0, NULL,
                               in, NULL, out, NULL, NULL));
}

static void acceptance(void **context, buffer *in, buffer *out)
{
    check("gss_accept_sec_context",
          gss_accept_sec_context(&minor, context, keytab, in, NULL, NULL, NULL, out, NULL, NULL,
                                 NULL));
}

static void establish(void **ours, void **theirs)
{
    buffer request = { 0 }, reply = { 0 }, none = { 0 };
    initiate(ours, NULL, &request);
    acceptance(theirs, &request, &reply);
    initiate(ours, &reply, &none);
    gss_release_buffer(&minor, &request);
    gss_release_buffer(&minor, &reply);
}

int main(int argc, char **argv)
{
    char verb[16];
    size_t size;
    unsigned long count;
    void *ours = NULL, *theirs = NULL;
    buffer name = { strlen(argv[1]), argv[1] }, request = { 0 }, sealed = { 0 };

    check("gss_import_name", gss_import_name(&minor, &name, &principal_name, &target));
    check("gss_acquire_cred", gss_acquire_cred(&minor, NULL, 0xffffffff, NULL, ACCEPT, &keytab,
                                               NULL, NULL));
    establish(&ours, &theirs);
    void *pending = NULL;
    initiate(&pending, NULL, &request);
    while (scanf("%15s %zu %lu", verb, &size, &count) == 3) {
        buffer text = { size, calloc(1, size + 1) };
        int unwraps = strcmp(verb, "unwrap") == 0;
        if (unwraps)
            check("gss_wrap", gss_wrap(&minor, ours, 1, 0, &text, NULL, &sealed));
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (unsigned long i = 0; i < count; i++) {
            buffer out = { 0 };
            if (unwraps) {
                check("gss_unwrap", gss_unwrap(&minor, theirs, &sealed, &out, NULL, NULL));
            } else if (strcmp(verb, "wrap") == 0) {
                check("gss_wrap", gss_wrap(&minor, ours, 1, 0, &text, NULL, &out));
            } else if (strcmp(verb, "establish") == 0) {
                void *one = NULL, *other = NULL;
                establish(&one, &other);
                gss_delete_sec_context(&minor, &one, NULL);
                gss_delete_sec_context(&minor, &other, NULL);
            } else {
                void *one = NULL;
                acceptance(&one, &request, &out);
                gss_delete_sec_context(&minor, &one, NULL);
            }
            gss_release_buffer(&minor, &out);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec);
        fflush(stdout);
        gss_release_buffer(&minor, &sealed);
        free(text.value);
    }
    return 0;
}
