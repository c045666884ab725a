/* Where a body goes while it comes in.
 *
 * By route and Content-Type a body is *kept* (forms, JSON, raw), taken apart as it arrives (multipart), or
 * *drained*: read and thrown away, because the request is refused already and the client should hear why
 * instead of a broken connection. Parsing of what was kept happens on a worker. Kept bytes are heap memory
 * that the arena releases. */
#include "net/inside.h"

#include <string.h>
#include <strings.h>

typedef enum IntakeKind { INTAKE_NOTHING, INTAKE_KEEP, INTAKE_PARTS, INTAKE_DRAIN } IntakeKind;

struct Intake {
    IntakeKind kind;
    int64_t limit;
    char *bytes; /* heap */
    size_t size, room;
    Multipart *parts;
};

/* Nobody reads more than this into memory, whatever max_upload says of files. */
enum { MAX_KEPT = 64 * 1024 * 1024 };

static void free_bytes(void *intake)
{
    heap_free(((Intake *)intake)->bytes);
}

static bool type_is(const char *type, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(type, name, n) == 0 && strchr("; \t", type[n]);
}

static bool is_json(const char *type)
{
    size_t n = strcspn(type, "; \t");
    return type_is(type, "application/json") || (strncasecmp(type, "application/", 12) == 0 && n > 5 &&
                                                 strncasecmp(type + n - 5, "+json", 5) == 0);
}

static bool is_form(const char *type)
{
    return type_is(type, "application/x-www-form-urlencoded");
}

static const char *begin_kept(Intake *intake)
{
    intake->kind = INTAKE_KEEP;
    arena_defer(free_bytes, intake);
    if (intake->limit > MAX_KEPT)
        intake->limit = MAX_KEPT;
    return NULL;
}

static const char *begin_parts(Exchange *ex, Intake *intake, const char *type, int *status)
{
    const char *boundary = multipart_boundary(type);
    *status = 400;
    if (!boundary)
        return "http.malformed";
    intake->kind = INTAKE_PARTS;
    intake->parts = multipart_new(boundary, ex->server->options.temp_dir);
    return NULL;
}

const char *intake_begin(Exchange *ex, const char *content_length, int *status)
{
    const Route *route = ex->rq.route;
    const char *type = header(&ex->rq, "Content-Type");
    int64_t length = 0;
    Intake *intake = ex->intake = alloc(sizeof *intake);
    intake->kind = INTAKE_DRAIN;
    intake->limit = MAX_DRAIN;
    bool has_body =
        header(&ex->rq, "Transfer-Encoding") || (text_int(content_length, 0, INT64_MAX, &length) && length);
    if (!route || ex->rq.method == GET)
        return NULL; /* what a refused or a reading request sends along is not looked at */
    const ServerOptions *options = &ex->server->options;
    intake->limit = route->flags & ROUTE_LARGE_BODY ? options->max_upload : options->max_body;
    ex->rq.body_type = type;
    ex->rq.body = "";
    *status = 413;
    if (length > intake->limit)
        return "http.body-too-large";
    if (!has_body) {
        intake->kind = INTAKE_NOTHING;
        return NULL;
    }
    if (route->flags & ROUTE_RAW_BODY || is_json(text_or(type, "")) || is_form(text_or(type, "")))
        return begin_kept(intake);
    if (type_is(text_or(type, ""), "multipart/form-data"))
        return begin_parts(ex, intake, type, status);
    *status = 415;
    return "http.unsupported-type";
}

static void keep(Intake *intake, const char *bytes, size_t size)
{
    if (intake->size + size + 1 > intake->room) {
        size_t room = intake->room ? intake->room * 2 : 4096;
        while (room < intake->size + size + 1)
            room *= 2;
        intake->bytes = heap_realloc(intake->bytes, room);
        intake->room = room;
    }
    memcpy(intake->bytes + intake->size, bytes, size);
    intake->size += size;
    intake->bytes[intake->size] = '\0';
}

static const char *part_error(PartError error, int *status)
{
    *status = error == PART_MALFORMED ? 400 : 413;
    return error == PART_OK ? NULL : error == PART_MALFORMED ? "http.malformed" : "http.body-too-large";
}

const char *intake_feed(Exchange *ex, const char *bytes, size_t size, int *status)
{
    Intake *intake = ex->intake;
    ex->body_taken += (int64_t)size;
    if (ex->refused)
        return NULL;
    *status = 413;
    if (ex->body_taken > intake->limit)
        return "http.body-too-large";
    if (intake->kind == INTAKE_KEEP)
        keep(intake, bytes, size);
    else if (intake->kind == INTAKE_PARTS)
        return part_error(multipart_feed(intake->parts, bytes, size), status);
    return NULL;
}

static const char *parse_json(Request *rq)
{
    char error[200];
    Json value = json_parse(rq->body, rq->body_size, error, sizeof error);
    if (!json_is_object(value))
        return "http.malformed";
    rq->typed = value;
    return NULL;
}

const char *intake_end(Exchange *ex, int *status)
{
    Request *rq = &ex->rq;
    Intake *intake = ex->intake;
    rq->typed = rq->method == GET ? rq->query : json_new();
    *status = 400;
    if (intake->kind == INTAKE_PARTS)
        return part_error(multipart_end(intake->parts, rq->typed, &rq->uploads, &rq->upload_count), status);
    if (intake->kind != INTAKE_KEEP)
        return NULL;
    rq->body = intake->bytes ? intake->bytes : "";
    rq->body_size = intake->size;
    if (rq->route->flags & ROUTE_RAW_BODY || !rq->body_size)
        return NULL;
    *status = 400;
    if (is_json(rq->body_type))
        return parse_json(rq);
    return urlencoded_parse(rq->body, rq->body_size, rq->typed) ? NULL : "http.malformed";
}
