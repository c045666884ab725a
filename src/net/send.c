/* From a finished reply to libmicrohttpd's response: files, ranges, conditions, compression, and the headers
 * that every answer carries.
 *
 * Bytes are not copied: they are arena memory, and the arena lives until libmicrohttpd has called the
 * exchange completed. */
#include "net/inside.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

enum { COMPRESS_FROM = 1024, COMPRESS_LEVEL = 3 };

const char *reply_has(const Reply *reply, const char *name)
{
    for (const ReplyHeader *line = reply->headers; line; line = line->next)
        if (strcasecmp(line->name, name) == 0)
            return line->value;
    return NULL;
}

/* ---- Compression ---- */

/* One deflate state a thread: a quarter of a megabyte that is not worth making anew for each page. */
static pthread_key_t deflate_key;
static pthread_once_t deflate_once = PTHREAD_ONCE_INIT;

static void deflate_free(void *state)
{
    deflateEnd(state);
    heap_free(state);
}

static void deflate_start(void)
{
    pthread_key_create(&deflate_key, deflate_free);
}

static z_stream *deflate_state(void)
{
    pthread_once(&deflate_once, deflate_start);
    z_stream *state = pthread_getspecific(deflate_key);
    if (state && deflateReset(state) == Z_OK)
        return state;
    state = heap_alloc(sizeof *state);
    if (deflateInit2(state, COMPRESS_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        heap_free(state);
        return NULL;
    }
    pthread_setspecific(deflate_key, state);
    return state;
}

static bool is_text(const char *type)
{
    return type && (strncmp(type, "text/", 5) == 0 || strstr(type, "json") || strstr(type, "xml") ||
                    strstr(type, "javascript"));
}

static bool compressible(const Exchange *ex, const Reply *reply)
{
    return reply->kind == REPLY_BYTES && reply->size >= COMPRESS_FROM && is_text(reply->type) &&
           !reply_has(reply, "Content-Encoding") &&
           accepts_encoding(header((Request *)&ex->rq, "Accept-Encoding"), "gzip");
}

bool needs_worker(const Exchange *ex, const Reply *reply)
{
    return (reply->kind != REPLY_BYTES && reply->kind != REPLY_EVENTS) || compressible(ex, reply);
}

/* A strong tag promises the same bytes, which compression changes (RFC 9110 §8.8.1). */
static void weaken_etag(Reply *reply)
{
    for (ReplyHeader *line = reply->headers; line; line = line->next)
        if (strcasecmp(line->name, "ETag") == 0 && line->value[0] == '"')
            line->value = fmt("W/%s", line->value);
}

static void compress_reply(Reply *reply)
{
    z_stream *state = deflate_state();
    if (!state)
        return; /* it goes out as it is */
    size_t room = deflateBound(state, reply->size);
    unsigned char *out = alloc(room);
    state->next_in = (unsigned char *)reply->bytes;
    state->avail_in = (unsigned)reply->size;
    state->next_out = out;
    state->avail_out = (unsigned)room;
    if (deflate(state, Z_FINISH) != Z_STREAM_END)
        return;
    reply->bytes = out;
    reply->size = room - state->avail_out;
    reply_header(reply, "Content-Encoding", "gzip");
    weaken_etag(reply);
}

/* ---- Headers ---- */

static const char csp_page[] =
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";
/* What somebody uploaded is shown in a world of its own. */
static const char csp_sandbox[] =
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'";

static const ReplyHeader always[] = {
    { NULL, "X-Content-Type-Options", "nosniff" },
    { NULL, "Referrer-Policy", "same-origin" },
    { NULL, "Permissions-Policy",
      "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()" },
};

static bool active_content(const Reply *reply)
{
    const char *type = text_or(reply->type, "");
    return reply->kind == REPLY_FILE && (strstr(type, "html") || strstr(type, "xml"));
}

static const char *cache_control(const Reply *reply, bool personal)
{
    bool checkable = reply_has(reply, "ETag") || reply->kind == REPLY_FILE;
    return checkable && !(personal && reply->status >= 400) ? "private, no-cache" : "private, no-store";
}

static const char *vary(bool personal, bool text)
{
    if (personal)
        return "Accept, Accept-Encoding, Accept-Language, Cookie, HX-Request";
    return text ? "Accept, Accept-Encoding, Cookie" : "Cookie";
}

/* RFC 6266 with the fallback that old clients read, RFC 8187 for the real name. */
static const char *disposition(const char *file_name)
{
    char *plain = text_copy(safe_file_name(file_name));
    const char *encoded = url_encode(plain);
    for (char *c = plain; *c; c++)
        if ((unsigned char)*c >= 0x7f || *c == '"' || *c == '\\' || *c == '%')
            *c = '_';
    return fmt("attachment; filename=\"%s\"; filename*=UTF-8''%s", plain, encoded);
}

static const char *full_type(const char *type)
{
    return strncmp(type, "text/", 5) == 0 && !strstr(type, "charset") &&
                   strcmp(type, "text/event-stream") != 0
               ? fmt("%s; charset=utf-8", type)
               : type;
}

static void set_default(Reply *reply, const char *name, const char *value)
{
    if (!reply_has(reply, name))
        reply_header(reply, name, value);
}

static void add_headers(Exchange *ex, Reply *reply, bool personal)
{
    if (reply->type)
        set_default(reply, "Content-Type", full_type(reply->type));
    if (reply->file_name)
        set_default(reply, "Content-Disposition", disposition(reply->file_name));
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        set_default(reply, always[i].name, always[i].value);
    set_default(reply, "Content-Security-Policy", active_content(reply) ? csp_sandbox : csp_page);
    set_default(reply, "Cache-Control", cache_control(reply, personal));
    set_default(reply, "Vary", vary(personal, is_text(reply->type)));
    set_default(reply, "X-Trace-Id", text_or(ex->rq.trace_id, "-"));
    if (ex->rq.secure)
        set_default(reply, "Strict-Transport-Security", "max-age=31536000");
    if (atomic_load(&ex->server->stopping))
        set_default(reply, "Connection", "close");
}

/* ---- All kinds ---- */

static void build_bytes(Exchange *ex, Reply *reply)
{
    const char *etag = reply_has(reply, "ETag");
    if (etag && reply->status == 200 && ex->rq.method == GET &&
        etag_in(header(&ex->rq, "If-None-Match"), etag, true)) {
        reply->status = 304;
        reply->size = 0;
    }
    if (compressible(ex, reply))
        compress_reply(reply);
    ex->out = (Outgoing){ .bytes = reply->bytes, .size = (int64_t)reply->size };
}

static void build_events(Exchange *ex, Reply *reply)
{
    ex->out = (Outgoing){ 0 };
    if (ex->head)
        return;
    reply_header(reply, "X-Accel-Buffering", "no"); /* proxies must pass events on at once */
    ex->out.stream = stream_open(ex->server->bus, ex->connection, (const char *const *)reply->topics);
}

void send_build(Exchange *ex, Reply *reply, bool personal)
{
    if (reply->kind == REPLY_FILE)
        build_file(ex, reply);
    else if (reply->kind == REPLY_EVENTS)
        build_events(ex, reply);
    else
        build_bytes(ex, reply);
    add_headers(ex, reply, personal);
    ex->out.headers = reply->headers;
    ex->out.status = (unsigned)(reply->status ? reply->status : 200);
}

/* ---- On the I/O thread: libmicrohttpd's own memory is taken and given back by the same thread ---- */

static struct MHD_Response *create(Outgoing *out)
{
    if (out->stream)
        return stream_response(out->stream);
    if (!out->has_file)
        return MHD_create_response_from_buffer((size_t)out->size, (void *)(out->size ? out->bytes : ""),
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64((uint64_t)out->size, out->fd, (uint64_t)out->from);
    out->has_file = !response; /* it closes the file */
    return response;
}

struct MHD_Response *send_create(Exchange *ex)
{
    struct MHD_Response *response = ex->out.status ? create(&ex->out) : NULL;
    for (const ReplyHeader *line = ex->out.headers; response && line; line = line->next) {
        if (MHD_add_response_header(response, line->name, line->value) != MHD_YES) {
            MHD_destroy_response(response);
            return NULL;
        }
    }
    return response;
}

void send_drop(Exchange *ex)
{
    Outgoing *out = &ex->out;
    if (out->has_file)
        close(out->fd);
    if (out->stream)
        stream_gone(out->stream);
    out->has_file = false;
    out->stream = NULL;
}
