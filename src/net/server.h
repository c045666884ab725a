/* The HTTP server: libmicrohttpd (epoll, a pool of I/O threads) in front of a pool of workers. */
#ifndef SEN_NET_SERVER_H
#define SEN_NET_SERVER_H

#include "net/http.h"

/* What net does not know itself. Called on workers. */
typedef struct Hooks {
    /* Answers a request whose route was found and whose body is whole. Must end in request_finish(), here or
     * later, on any thread. */
    void (*handle)(Request *rq);
    /* Turns PAGE and PROBLEM replies into BYTES: sets kind, type, bytes and size, leaves status and headers.
     * NULL: net's own plain JSON. May be called before server_open(), for "http.starting". A fault here is
     * answered as a problem. */
    void (*render)(Request *rq, Reply *reply);
    /* A static file with a hashed name below /assets/: its bytes and encodings; false when there is none. */
    bool (*asset)(const char *name, bool gzip, bool brotli, Reply *reply);
    void *context;
} Hooks;

typedef struct ServerOptions {
    const char *listen;           /* "127.0.0.1:8080", "[::]:8080"; port 0: any */
    const char *cert, *key;       /* PEM files: direct TLS; NULL: plain */
    const char *trusted_proxies;  /* addresses whose X-Forwarded-* count, comma-separated */
    const char *temp_dir;         /* for uploads while they stream in */
    int io_threads, workers;      /* 0: one per processor, twice the processors */
    int64_t max_body, max_upload; /* bytes; 0: 1 MiB, 50 MiB */
    int rate_per_minute;          /* requests of one address; 0: no limit */
    int idle_s;                   /* slow clients are cut off; 0: 30 */
    int max_connections;          /* 0: 4,096 */
    bool access_log;
} ServerOptions;

Server *server_start(const ServerOptions *options, const Hooks *hooks);
/* The port it got. */
int server_port(const Server *server);
/* Adds a NULL-path-ended table of routes; before server_open(). A route without permission or that stands
 * twice raises FAULT_INTERNAL. */
void server_add_routes(Server *server, const Route *routes);
/* Begins to answer; until then every request gets 503 with Retry-After. */
void server_open(Server *server);
/* Stops taking, lets running requests end (at most `grace_ms`), closes streams, frees. */
void server_stop(Server *server, int grace_ms);

/* Every route, for OpenAPI, `sen routes` and the walk. */
size_t server_routes(const Server *server, const Route ***routes);
/* The GET route that answers `path`, or NULL; `values` gets its path values. */
const Route *server_find(const Server *server, Method method, const char *path, Json *values);

void request_finish(Request *rq, Reply reply);

/* Goes on with a request on a worker; for code on other threads that must be quick. `work` ends in
 * request_finish(), like Hooks.handle. */
void request_later(Request *rq, void (*work)(Request *rq));

/* Checks rq against route->params: fills rq->input, rq->typed and rq->errors. */
void params_check(Request *rq);

/* ---- Server-sent events ----
 * A stream (events_reply) holds no thread. Topics are plain names: "dossiers", "dossier:123". Sends to all
 * streams of the topic; slow ones lose their oldest messages (bounded queue) and are told with event "lost".
 * `data` is one JSON text. */
void server_publish(Server *server, const char *topic, const char *event, const char *data);

typedef struct ServerStats {
    int64_t requests, by_status[6], in_flight, streams, bytes_out, rate_limited;
    int64_t latency_us_bucket[16]; /* counts of answers in < 1, 2, 4 … ms; the last: all slower ones */
} ServerStats;
ServerStats server_stats(const Server *server);

#endif
