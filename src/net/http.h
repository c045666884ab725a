/* HTTP: requests, replies, routes. The server itself is net/server.h.
 *
 * I/O threads read requests and write replies and never block; handlers run on workers. What a request
 * allocates lives in its arena and dies with it. net knows nothing of who asks or of templates: `Hooks`
 * (server.h) carry that in from above. */
#ifndef SEN_NET_HTTP_H
#define SEN_NET_HTTP_H

#include "base/arena.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Request Request;
typedef struct Reply Reply;
typedef struct Server Server;

typedef enum Method { GET = 1, POST = 2, PUT = 4, PATCH = 8, DELETE = 16 } Method; /* HEAD is served by GET */
const char *method_name(Method method);

typedef Reply Handler(Request *rq);

/* ---- Routes ---- */

/* One field of a query or a body, checked before the handler runs; also the source of the OpenAPI document.
 */
typedef enum ParamType {
    PARAM_TEXT,   /* NFC, trimmed; min/max are code points */
    PARAM_INT,    /* min/max are values; typed text may be grouped as people do: 20.000 */
    PARAM_NUMBER, /* the same; 12.5, 12,5 or 1.234,5 */
    PARAM_BOOL,   /* true/false, 1/0, on; absent is false */
    PARAM_DATE,   /* 2026-11-21 or 21/11/2026; handlers see UTC ms of its local midnight as integer */
    PARAM_ID,     /* a key: decimal string */
    PARAM_CHOICE, /* one of `choices`, separated by '|' */
    PARAM_JSON,   /* any JSON value (a JSON body's member) */
    PARAM_FILE,   /* an upload */
    PARAM_TEXTS,  /* zero or more texts: repeated field, or JSON array */
} ParamType;

typedef struct Param {
    const char *name;
    ParamType type;
    bool required;
    int64_t min, max; /* 0,0: the type's default (text at most 1,000) */
    const char *choices;
    const char
        *title; /* i18n key of the label; NULL: "<module>.<name>" is not looked up, the name is shown */
} Param;

enum {
    ROUTE_SLOW = 1,     /* a writing route that does long work (hashing, signing): runs on a worker without a
                           write     transaction and opens its own with db_in_write() (platform/app) */
    ROUTE_RAW_BODY = 2, /* an outside standard's body: not parsed, rq->body as it came */
    ROUTE_NO_CSRF = 4,  /* authenticated by something that browsers do not send on their own */
    ROUTE_OPEN_PARAMS =
        8, /* unknown query and body members are tolerated (outside standards, dynamic forms) */
    ROUTE_LARGE_BODY = 16, /* allows bodies to the server's max_upload; other routes to max_body */
};

typedef struct Route {
    Method method;
    const char *path; /* "/dossiers/{id}/accept"; {id} matches one segment, {rest*} all that follows */
    Handler *handler;
    const char *permission; /* "public", "signed-in", or a permission of the module; NULL does not start */
    const char *summary;    /* one English sentence, for `sen routes` and OpenAPI */
    const Param *params;    /* ends with a nameless one; NULL: none are taken */
    const char *form; /* POST: the GET route whose page holds the form, to show again with errors; NULL: the
                         same path */
    unsigned flags;
} Route;

/* ---- A request ---- */

typedef struct Upload {
    const char *field, *file_name; /* as sent, NFC, path parts removed */
    const char *path; /* the temporary file; deleted with the request unless taken by platform/files */
    int64_t size;
    char sha256[65]; /* computed as it streamed in */
} Upload;

struct Request {
    Arena *arena;
    Server *server;
    Method method;
    const char *path;   /* decoded, normalised */
    const char *target; /* as asked for, with the query: to come back to */
    const Route *route;
    Json path_values; /* {"id": "…"} */
    Json query;       /* {"q": "…"}; a repeated member is an array */
    Json input;       /* what route->params let through, typed */
    Json typed;       /* what was typed, untouched, to show again */
    Json errors;      /* [{path, rule, message}], filled by checks and invalid() */
    const char *body; /* raw, when not multipart */
    size_t body_size;
    const char *body_type;
    Upload *uploads;
    size_t upload_count;

    int64_t now;    /* UTC ms at arrival */
    const char *ip; /* of the client (trusted proxies' X-Forwarded-For considered) */
    const char *trace_id;
    bool secure;      /* came over TLS, here or at a trusted proxy */
    bool wants_json;  /* by Accept: application/json (or no text/html) */
    bool fragment;    /* htmx asks for a part of the page */
    const char *lang; /* "vi" or "en": cookie, then Accept-Language, then vi */

    struct Db *db;       /* the transaction of this request (platform/app) */
    struct Actor *actor; /* who asks, never NULL in a handler (platform/identity) */
    void *connection;    /* net's own */
    void *work;          /* platform/app's own */
};

const char *header(Request *rq, const char *name); /* NULL when absent */
const char *cookie(Request *rq, const char *name);
const char *path_str(Request *rq, const char *name);
int64_t path_id(Request *rq, const char *name);       /* 0 when it is not a key */
const char *query_str(Request *rq, const char *name); /* "" when absent */
/* Of the checked input. */
bool in_has(Request *rq, const char *name);
const char *in_str(Request *rq, const char *name);
int64_t in_int(Request *rq, const char *name);
int64_t in_id(Request *rq, const char *name);
bool in_bool(Request *rq, const char *name);
double in_num(Request *rq, const char *name);
Json in_json(Request *rq, const char *name);
const Upload *in_file(Request *rq, const char *name); /* NULL when none was sent */

/* ---- Replies ---- */

typedef enum ReplyKind {
    REPLY_BYTES,
    REPLY_PAGE,
    REPLY_PROBLEM,
    REPLY_FILE,
    REPLY_EVENTS,
    REPLY_AGAIN
} ReplyKind;

typedef struct ReplyHeader {
    struct ReplyHeader *next;
    const char *name, *value;
} ReplyHeader;

struct Reply {
    int status;
    ReplyKind kind;
    const char *type;  /* media type of BYTES and FILE */
    const void *bytes; /* BYTES; arena memory or static */
    size_t size;
    const char *template;  /* PAGE: "procedures/dossier"; rendered after the transaction is durable */
    Json model;            /* PAGE: the view model, which a program gets as JSON. PROBLEM: members to add */
    const char *code;      /* PROBLEM: stable type and i18n key, "procedures.dossier.missing" */
    const char *path;      /* FILE: a file of this machine; ranges and conditions are answered */
    const char *file_name; /* BYTES, FILE: offered for saving under this name; NULL: shown */
    const char **topics;   /* EVENTS: NULL-ended; see server.h */
    ReplyHeader *headers;
};

/* A page for people, its model for programs. */
Reply page(Request *rq, const char *template, Json model);
/* After a change: people go to `location` (303), programs get the model (201 for created(), 200 for done()).
 */
Reply created(Request *rq, const char *location, Json model);
Reply done(Request *rq, const char *location, Json model);
Reply redirect_to(const char *location); /* 303 for everyone */
Reply json_reply(int status, Json model);
Reply text_reply(const char *type, const char *text);
Reply bytes_reply(const char *type, const void *bytes, size_t size);
Reply file_reply(const char *type, const char *path, const char *file_name);
Reply events_reply(Request *rq, const char **topics);

/* Refusals. `code` is a stable dotted name and the i18n key of the sentence that says what to do; people get
 * a page, programs an RFC 9457 problem with type "urn:sen:problem:<code>". `members` (may be NULL) fill the
 * {placeholders} of the sentence and are added to the problem. */
Reply problem(Request *rq, int status, const char *code, Json members);
Reply not_found(Request *rq, const char *code);
Reply forbidden(Request *rq, const char *code);
Reply conflict(Request *rq, const char *code, Json members);
/* Records that a field is wrong; `path` is the field's name ("" for the whole form), `code` an i18n key. */
void invalid(Request *rq, const char *path, const char *code, Json members);
bool has_errors(const Request *rq);
/* The answer when there are errors: programs get 422 with errors[], people the form again with all that they
 * typed. */
Reply refuse(Request *rq);

void reply_header(Reply *reply, const char *name, const char *value);
/* ETag of a record's version; conditional() is true when the client's If-None-Match has it (answer 304). */
void reply_etag(Reply *reply, const char *etag);
/* If-Match check for writes: true when absent or equal. */
bool if_match(Request *rq, const char *etag);
void reply_cookie(Reply *reply, const Request *rq, const char *name, const char *value, int64_t max_age_s,
                  bool readable_by_script);

#endif
