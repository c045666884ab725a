/* Files of this machine as answers: conditions (RFC 9110 §13) and one range (§14). libmicrohttpd sends them
 * with sendfile(). */
#include "net/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct OpenFile {
    int fd;
    int64_t size, changed_ns;
    const char *etag;
} OpenFile;

/* The descriptor is the arena's until it is the answer's. */
static void close_file(void *file)
{
    if (((OpenFile *)file)->fd >= 0)
        close(((OpenFile *)file)->fd);
}

/* NULL when there is no such file. */
static OpenFile *open_file(const Reply *reply)
{
    struct stat info;
    OpenFile *file = alloc(sizeof *file);
    file->fd = -1;
    arena_defer(close_file, file);
    file->fd = open(reply->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (file->fd < 0)
        raise_fault(FAULT_STORE, "http.file", "%s: %s", reply->path, strerror(errno));
    if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode))
        return NULL;
    file->size = info.st_size;
    file->changed_ns = info.st_mtim.tv_sec * (int64_t)1000000000 + info.st_mtim.tv_nsec;
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
    return http_date_parse(header(rq, "If-Modified-Since"), &since) && file->changed_ns / 1000000000 <= since;
}

static bool range_holds(Exchange *ex, const OpenFile *file)
{
    const char *condition = header(&ex->rq, "If-Range");
    int64_t date;
    if (!condition)
        return true;
    if (condition[0] == '"' || condition[0] == 'W')
        return etag_in(condition, file->etag, false);
    return http_date_parse(condition, &date) && date == file->changed_ns / 1000000000;
}

static void choose_part(Exchange *ex, Reply *reply, OpenFile *file)
{
    Range range;
    const char *wanted =
        ex->head || reply->status != 200 || !range_holds(ex, file) ? NULL : header(&ex->rq, "Range");
    RangeResult result = range_parse(wanted, file->size, &range);
    reply_header(reply, "Accept-Ranges", "bytes");
    if (not_modified(ex, file)) {
        reply->status = 304;
        return;
    }
    if (result == RANGE_UNSATISFIABLE) {
        reply->status = 416;
        reply_header(reply, "Content-Range", fmt("bytes */%" PRId64, file->size));
        return;
    }
    if (result == RANGE_PART) {
        reply->status = 206;
        reply_header(reply, "Content-Range",
                     fmt("bytes %" PRId64 "-%" PRId64 "/%" PRId64, range.from, range.from + range.size - 1,
                         file->size));
    }
    ex->out =
        (Outgoing){ .fd = file->fd, .has_file = range.size > 0, .from = range.from, .size = range.size };
}

void build_file(Exchange *ex, Reply *reply)
{
    OpenFile *file = open_file(reply);
    if (!file)
        raise_fault(FAULT_INTERNAL, "http.file-missing", "%s is not there", reply->path);
    if (!file->etag) {
        file->etag = fmt("\"%" PRIx64 "-%" PRIx64 "\"", file->changed_ns, file->size);
        reply_header(reply, "ETag", file->etag);
    }
    reply_header(reply, "Last-Modified", http_date(file->changed_ns / 1000000000));
    ex->out = (Outgoing){ 0 };
    choose_part(ex, reply, file);
    if (ex->out.has_file)
        file->fd = -1;
}
