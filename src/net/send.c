/* From a finished reply to libmicrohttpd's response: files, ranges, conditions, compression, and the headers
 * that every answer carries.
 *
 * Bytes are not copied: they are arena memory, and the arena lives until libmicrohttpd has called the
 * exchange completed. */
#include "net/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { COMPRESS_FROM = 1024, COMPRESS_LEVEL = 3 };

static const char *reply_has(const Reply *reply, const char *name)
{
    for (const ReplyHeader *line = reply->headers; line; line = line->next)
        if (strcasecmp(line->name, name) == 0)
            return line->value;
    return NULL;
}

static void set(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        raise_fault(FAULT_MEMORY, "http.header", "the header %s was refused", name);
}

static void own(Exchange *ex, struct MHD_Response *response)
{
    if (!response)
        raise_fault(FAULT_MEMORY, "http.response", "no memory for a response");
    ex->response = response;
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

static void set_default(Exchange *ex, const Reply *reply, const char *name, const char *value)
{
    if (!reply_has(reply, name))
        set(ex->response, name, value);
}

static void add_headers(Exchange *ex, const Reply *reply, bool personal)
{
    for (const ReplyHeader *line = reply->headers; line; line = line->next)
        set(ex->response, line->name, line->value);
    if (reply->type)
        set_default(ex, reply, "Content-Type", full_type(reply->type));
    if (reply->file_name)
        set_default(ex, reply, "Content-Disposition", disposition(reply->file_name));
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        set_default(ex, reply, always[i].name, always[i].value);
    set_default(ex, reply, "Content-Security-Policy", active_content(reply) ? csp_sandbox : csp_page);
    set_default(ex, reply, "Cache-Control", cache_control(reply, personal));
    set_default(ex, reply, "Vary", vary(personal, is_text(reply->type)));
    set(ex->response, "X-Trace-Id", text_or(ex->rq.trace_id, "-"));
    if (ex->rq.secure)
        set_default(ex, reply, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    if (atomic_load(&ex->server->stopping))
        set(ex->response, "Connection", "close");
}

/* ---- Files ---- */

typedef struct OpenFile {
    int fd;
    int64_t size, changed_s;
    const char *etag;
} OpenFile;

/* NULL when there is no such file. Arena memory, since what is written between setjmp() and a fault must not
 * be a local. */
static OpenFile *open_file(const Reply *reply)
{
    struct stat info;
    OpenFile *file = alloc(sizeof *file);
    file->fd = open(reply->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (file->fd < 0)
        raise_fault(FAULT_STORE, "http.file", "%s: %s", reply->path, strerror(errno));
    if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(file->fd);
        return NULL;
    }
    file->size = info.st_size;
    file->changed_s = info.st_mtim.tv_sec;
    file->etag = reply_has(reply, "ETag");
    return file;
}

static bool not_modified(Exchange *ex, const OpenFile *file)
{
    Request *rq = &ex->rq;
    const char *tags = header(rq, "If-None-Match");
    int64_t since;
    if (ex->rq.method != GET)
        return false;
    if (tags)
        return etag_in(tags, file->etag, true);
    return http_date_parse(header(rq, "If-Modified-Since"), &since) && file->changed_s <= since;
}

static bool range_holds(Exchange *ex, const OpenFile *file)
{
    const char *condition = header(&ex->rq, "If-Range");
    int64_t date;
    if (!condition)
        return true;
    if (condition[0] == '"' || condition[0] == 'W')
        return etag_in(condition, file->etag, false);
    return http_date_parse(condition, &date) && date == file->changed_s;
}

static void empty_body(Exchange *ex)
{
    own(ex, MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT));
}

static void build_from_fd(Exchange *ex, Reply *reply, OpenFile *file)
{
    Range range;
    const char *wanted =
        ex->head || reply->status != 200 || !range_holds(ex, file) ? NULL : header(&ex->rq, "Range");
    RangeResult result = range_parse(wanted, file->size, &range);
    reply_header(reply, "Accept-Ranges", "bytes");
    if (not_modified(ex, file)) {
        reply->status = 304;
    } else if (result == RANGE_UNSATISFIABLE) {
        reply->status = 416;
        reply_header(reply, "Content-Range", fmt("bytes */%" PRId64, file->size));
    } else if (range.size) {
        if (result == RANGE_PART) {
            reply->status = 206;
            reply_header(reply, "Content-Range",
                         fmt("bytes %" PRId64 "-%" PRId64 "/%" PRId64, range.from,
                             range.from + range.size - 1, file->size));
        }
        own(ex,
            MHD_create_response_from_fd_at_offset64((uint64_t)range.size, file->fd, (uint64_t)range.from));
        file->fd = -1; /* the response closes it */
        ex->bytes_out = range.size;
    }
    if (!ex->response)
        empty_body(ex);
}

static void build_file(Exchange *ex, Reply *reply)
{
    OpenFile *file = open_file(reply);
    if (!file)
        raise_fault(FAULT_INTERNAL, "http.file-missing", "%s is not there", reply->path);
    Guard guard; /* the descriptor is ours until the response has it */
    guard_enter(&guard);
    bool ok = setjmp(guard.at) == 0;
    if (ok) {
        if (!file->etag) {
            file->etag = fmt("\"%" PRIx64 "-%" PRIx64 "\"", file->changed_s, file->size);
            reply_header(reply, "ETag", file->etag);
        }
        reply_header(reply, "Last-Modified", http_date(file->changed_s));
        build_from_fd(ex, reply, file);
        guard_leave(&guard);
    }
    if (file->fd >= 0)
        close(file->fd);
    if (!ok)
        raise_again(&guard.fault);
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
    own(ex, MHD_create_response_from_buffer(reply->size, (void *)(reply->size ? reply->bytes : ""),
                                            MHD_RESPMEM_PERSISTENT));
    ex->bytes_out = (int64_t)reply->size;
}

static void build_events(Exchange *ex, Reply *reply)
{
    reply_header(reply, "X-Accel-Buffering", "no"); /* proxies must pass events on at once */
    own(ex, stream_open(ex->server->bus, ex->connection, (const char *const *)reply->topics, &ex->stream));
}

void send_build(Exchange *ex, Reply *reply, bool personal)
{
    if (reply->kind == REPLY_FILE)
        build_file(ex, reply);
    else if (reply->kind == REPLY_EVENTS && !ex->head)
        build_events(ex, reply);
    else if (reply->kind == REPLY_EVENTS)
        empty_body(ex);
    else
        build_bytes(ex, reply);
    ex->status = (unsigned)(reply->status ? reply->status : 200);
    add_headers(ex, reply, personal);
    if (ex->head)
        ex->bytes_out = 0;
}
