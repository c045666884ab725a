/* What the files of net share; nobody else includes it.
 *
 * The way of a request:
 *
 *   I/O thread   exchange.c   headers → arrive.c: route, limits → body streams into an Intake (intake.c) →
 * suspended, queued worker       answer.c     body and query parsed → hooks.handle() … request_finish()
 * worker answer.c page rendered → send.c makes the bytes of the answer → resumed I/O thread   exchange.c
 * answer handed to libmicrohttpd → completed → memory given back
 *
 * An Exchange is owned by everyone who may still touch it: the I/O side until libmicrohttpd calls it
 * completed, the handling side from hand-over to the answer, a worker while it runs it. The last one frees
 * its arena. */
#ifndef SEN_NET_INSIDE_H
#define SEN_NET_INSIDE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/text.h"
#include "net/http.h"
#include "net/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    MAX_TARGET = 8 * 1024,   /* of the request line's path and query: 414 above */
    MAX_HEADERS = 16 * 1024, /* of all header lines: 431 above */
    MAX_HEADER_LINES = 100,
    CONNECTION_MEMORY = 32 * 1024, /* libmicrohttpd's own, must hold both */
    MAX_SEGMENTS = 64,             /* of a path */
    MAX_FORM_MEMBERS = 1000,
    MAX_DRAIN =
        64 * 1024 *
        1024, /* of a refused body that is read and thrown away, so that the client hears the answer */
    SLOWEST_BODY = 500, /* bytes a second on average, once the idle time is over: below it a client creeps */
    REQUEST_MEMORY = 128 * 1024 * 1024,
};

/* ---- Router (router.c) ---- */

typedef struct RouteNode RouteNode;

typedef struct Router {
    Arena *arena; /* everything below lives here */
    RouteNode *root;
    Vec routes;
} Router;

typedef enum RouteResult {
    ROUTE_FOUND,
    ROUTE_MISSING,
    ROUTE_OTHER_METHOD,
    ROUTE_MOVED,
    ROUTE_MALFORMED
} RouteResult;

typedef struct RouteMatch {
    const Route *route;
    Json values;       /* of the path */
    const char *path;  /* decoded */
    const char *moved; /* ROUTE_MOVED: the path without empty segments, encoded */
    unsigned allowed;  /* ROUTE_OTHER_METHOD: bits of Method */
} RouteMatch;

void router_add(Router *router, const Route *routes);
/* `path` is as it came, encoded, without the query. What it makes lives in the current arena. */
RouteResult router_find(const Router *router, unsigned method, const char *path, RouteMatch *match);
const char *allow_text(unsigned methods);

/* ---- Forms (form.c, multipart.c) ---- */

/* Adds the members of an application/x-www-form-urlencoded text to `into`; a repeated one becomes an array.
 * False when malformed. */
bool urlencoded_parse(const char *text, size_t size, Json into);
void members_add(Json into, const char *name, Json value);

typedef enum PartError {
    PART_OK,
    PART_MALFORMED,
    PART_TOO_MANY,  /* parts */
    PART_TOO_LARGE, /* field text in sum, or a part's header */
} PartError;

typedef struct Multipart Multipart;

/* The boundary of a Content-Type, NULL when there is none that RFC 2046 allows. */
const char *multipart_boundary(const char *content_type);
Multipart *multipart_new(const char *boundary, const char *temp_dir);
/* Takes the next bytes, however they are cut. Raises FAULT_STORE when a file cannot be written. */
PartError multipart_feed(Multipart *multipart, const char *bytes, size_t size);
/* The end of the body: fields into `fields`, files into an array. */
PartError multipart_end(Multipart *multipart, Json fields, Upload **uploads, size_t *count);
/* A name for saving from what a client sent: its last path component, NFC, printable, at most 255 bytes.
 * Never empty. */
const char *safe_file_name(const char *sent);

/* ---- Negotiation (negotiate.c) ---- */

typedef struct ProxyNet {
    unsigned char at[16];
    int bits;
} ProxyNet;

typedef struct ProxyList {
    ProxyNet nets[32];
    size_t count;
} ProxyList;

void proxies_parse(ProxyList *list, const char *text); /* raises FAULT_INTERNAL when malformed */
/* Peer address as 16 bytes (IPv4 mapped). */
void address_bytes(const struct sockaddr *address, unsigned char out[16]);
const char *address_text(const unsigned char address[16]);
/* Replaces the peer by the rightmost address of X-Forwarded-For that is not one of ours. */
bool forwarded(const ProxyList *list, unsigned char address[16], const char *forwarded_for);
bool prefers_json(const char *accept, bool htmx);
const char *prefers_language(const char *cookie_lang, const char *accept_language);
const char *trace_from(const char *traceparent);
bool accepts_encoding(const char *accept_encoding, const char *coding);
const char *cookie_in(const char *cookies, const char *name);
/* Is one of the entity tags of If-Match or If-None-Match this one? */
bool etag_in(const char *list, const char *etag, bool weak);

/* ---- Rate limit (limit.c) ---- */

typedef struct Limiter Limiter;
Limiter *limiter_new(int per_minute); /* heap; freed with limiter_free() */
void limiter_free(Limiter *limiter);
/* 0 when it may pass, else the seconds to wait. */
int limiter_wait_s(Limiter *limiter, const unsigned char address[16], int64_t now_us);

/* ---- Exchanges ---- */

typedef struct HeaderLine {
    const char *name, *value;
} HeaderLine;

typedef enum Stage {
    STAGE_READING,   /* the I/O thread has it */
    STAGE_HANDLING,  /* the connection is suspended */
    STAGE_ANSWERED,  /* `response` is ready, the connection resumed */
    STAGE_ABANDONED, /* the server stops: the connection was answered without it */
} Stage;

typedef struct Intake Intake;
typedef struct Stream Stream;
typedef struct Exchange Exchange;

/* An answer on its way out. Its bytes and headers are arena memory, the file and the stream are its own. */
typedef struct Outgoing {
    unsigned status; /* 0: none could be made */
    const ReplyHeader *headers;
    const void *bytes;
    int64_t size, from; /* of the bytes or the part of the file */
    int fd;
    bool has_file;
    Stream *stream;
} Outgoing;

struct Exchange {
    Request rq; /* first */
    Server *server;
    struct MHD_Connection *connection;
    atomic_int owners, stage;
    atomic_bool finished; /* request_finish() was called */
    bool begun, head, early, target_too_long, listed;
    HeaderLine *headers;
    size_t header_count;
    unsigned char address[16];
    Intake *intake;
    int64_t body_taken;
    Reply reply;  /* what request_finish() brought, or the refusal */
    bool refused; /* reply is set before any handler ran */
    bool asset;   /* below /assets/ */
    /* Written by the handling side until the stage is ANSWERED, then the I/O side's. When the stage is
     * ABANDONED the I/O side does not look at it: the handling side may still be writing. */
    Outgoing out;
    int64_t started_us;
    unsigned sent_status;       /* what was really answered; the I/O side's */
    void (*later)(Request *rq); /* what a worker is to go on with: request_later() */
    Exchange *next;             /* in the workers' queue */
    Exchange *before, *after;   /* among the suspended ones */
};

Exchange *exchange_of(const Request *rq); /* NULL for a Request that net did not make */
void exchange_release(Exchange *ex);
/* Hands ex->out to the I/O side. */
void exchange_answer(Exchange *ex);
/* server_stop() has no patience left: answers 503 and leaves the handler to itself. */
void exchange_abandon(Exchange *ex);

typedef struct RequestLine {
    const char *method, *version;
} RequestLine;

/* The headers are there: fills ex->rq, finds the route, or refuses. Takes a RequestLine. (arrive.c) */
void arrive(Exchange *ex, void *line);
void refuse_exchange(Exchange *ex, int status, const char *code);

/* libmicrohttpd's callbacks; `server` is their cls. */
void *on_target(void *server, const char *target, struct MHD_Connection *connection);
enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload, size_t *upload_size,
                           void **context);
void on_completed(void *server, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode code);

/* ---- Bodies (intake.c): where the bytes go while they come in ---- */

/* Decides by route and Content-Type; returns a refusal's code, or NULL. *status is its status. */
const char *intake_begin(Exchange *ex, const char *content_length, int *status);
/* Takes bytes; a refusal's code, or NULL. */
const char *intake_feed(Exchange *ex, const char *bytes, size_t size, int *status);
/* On a worker: fills rq->typed, rq->uploads, rq->body. A refusal's code, or NULL. */
const char *intake_end(Exchange *ex, int *status);

/* ---- Answers (answer.c, send.c) ---- */

void answer_run(Exchange *ex); /* on a worker */
/* Makes ex->out of a rendered reply; `personal`: a page or a problem, which depends on who asks. Raises when
 * it cannot. */
void send_build(Exchange *ex, Reply *reply, bool personal);
/* Of ex->out, on the I/O thread; NULL when there is none. */
struct MHD_Response *send_create(Exchange *ex);
/* Closes what ex->out still owns. */
void send_drop(Exchange *ex);
void build_file(Exchange *ex, Reply *reply);                 /* file.c */
const char *reply_has(const Reply *reply, const char *name); /* the value of a header, or NULL */
void render_plain(Request *rq, Reply *reply);                /* PAGE and PROBLEM as JSON */
const char *status_phrase(int status);
bool needs_worker(const Exchange *ex, const Reply *reply); /* rendering or compressing is left to do */
const char *http_date(int64_t seconds);
bool http_date_parse(const char *text, int64_t *seconds);

/* ---- Ranges and conditions of files (ranges.c) ---- */

typedef struct Range {
    int64_t from, size;
} Range;

typedef enum RangeResult { RANGE_WHOLE, RANGE_PART, RANGE_UNSATISFIABLE } RangeResult;
/* RFC 9110 §14: one range of bytes; several, or a malformed one, give the whole. */
RangeResult range_parse(const char *header, int64_t size, Range *range);

/* ---- Workers (workers.c) ---- */

typedef struct Workers Workers;
Workers *workers_start(Server *server, int count);
bool workers_push(Workers *workers, Exchange *ex); /* false when they have stopped */
int workers_count(const Workers *workers);
bool workers_mine(const Server *server); /* is this thread a worker of this server? */
/* Lets the queue run empty; joins whoever has ended `until_us`, leaves the others to themselves. */
void workers_stop(Workers *workers, int64_t until_us);
void workers_free(Workers *workers);

/* ---- Server-sent events (events.c) ---- */

typedef struct Bus Bus;
Bus *bus_new(void);
void bus_free(Bus *bus);
void bus_close(Bus *bus); /* ends every stream */
/* A new stream on these topics, owned by the caller, who tells it with stream_gone() that its connection is
 * gone. */
Stream *stream_open(Bus *bus, struct MHD_Connection *connection, const char *const *topics);
struct MHD_Response *stream_response(Stream *stream); /* once; NULL when there is no memory */
void stream_gone(Stream *stream);
void bus_publish(Bus *bus, const char *topic, const char *event, const char *data);
int64_t bus_streams(Bus *bus);

/* ---- The listening socket (door.c) ---- */

typedef struct Door Door;
/* Listens ("host:port", port 0: any) and hands connections to the daemon. Raises FAULT_INTERNAL when it
 * cannot. */
Door *door_open(const char *listen, struct MHD_Daemon *daemon, int *port);
void door_close(Door *door);

/* ---- The server (server.c) ---- */

struct Server {
    Hooks hooks;
    ServerOptions options;
    struct MHD_Daemon *daemon;
    Door *door;
    int port;
    Router router;
    ProxyList proxies;
    Limiter *limiter;
    Workers *workers, *slow; /* slow: for ROUTE_SLOW */
    Bus *bus;
    struct MHD_Response *busy; /* 503 that needs no memory */
    atomic_bool open, stopping;
    atomic_int owners; /* the caller, and exchanges that outlive server_stop() */

    pthread_mutex_t gate; /* over the list of suspended exchanges and `closed` */
    pthread_cond_t idle;
    Exchange *suspended;
    bool closed;
    atomic_long in_flight, unresumed; /* unresumed: connections that MHD_resume_connection() is owed */

    _Atomic int64_t requests, by_status[6], bytes_out, rate_limited, latency[16];
};

void server_release(Server *server);
/* Adds a completed exchange to the figures; `timed`: its latency too. */
void server_count(Server *server, const Exchange *ex, int64_t bytes_out, bool timed);

#endif
