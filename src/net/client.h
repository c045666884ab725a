/* HTTP client over libcurl: for peers' services. Runs on the caller's thread (a job or a slow route), never
 * on an I/O thread. */
#ifndef SEN_NET_CLIENT_H
#define SEN_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Fetch {
    const char *method, *url;
    const char *const *headers; /* "Name: value", NULL-ended; may be NULL */
    const void *body;
    size_t body_size;
    int timeout_ms;     /* whole exchange; 0: 10,000 */
    size_t max_reply;   /* 0: 8 MiB */
    bool allow_private; /* addresses of private networks are refused unless set (SSRF) */
} Fetch;

typedef struct Fetched {
    int status; /* 0: no answer, see error */
    const char *type;
    const char *body; /* arena memory */
    size_t size;
    const char *error; /* English, for the log */
} Fetched;

Fetched fetch(const Fetch *request);

#endif
