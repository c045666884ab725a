/* multipart/form-data (RFC 7578, RFC 2046 §5.1.1) taken in as it arrives, in pieces of any size.
 *
 *   PREAMBLE → delimiter → AFTER → "\r\n" → HEADERS → blank line → CONTENT → delimiter → AFTER → … → "--" →
 * EPILOGUE
 *
 * The delimiter is "\r\n--boundary"; the start of the body counts as a line start. A boundary holds no CR, so
 * a partly matched delimiter that breaks off can only start anew at the byte that broke it, and what was held
 * back is the delimiter's own beginning: nothing needs to be buffered. Field texts go to memory, files to
 * temporary files with a digest that runs along; the files are deleted with the arena unless somebody has
 * moved them away. */
#include "base/crypto.h"
#include "net/inside.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    MAX_BOUNDARY = 70,
    MAX_PART_HEADER = 8 * 1024,
    MAX_PARTS = 100,
    MAX_FIELD_TEXT = 1024 * 1024,
    MAX_FILE_NAME = 255
};

typedef enum PartState { PREAMBLE, AFTER, HEADERS, CONTENT, EPILOGUE } PartState;

typedef struct Part {
    const char *name, *file_name; /* file_name NULL: a field */
    bool skipped;                 /* a file input without a file */
    Buf text;
    int *fd;
    Digest *digest;
    Upload upload;
} Part;

struct Multipart {
    PartState state;
    char delimiter[MAX_BOUNDARY + 8];
    size_t delimiter_size, matched;
    Buf head; /* HEADERS: the lines so far; AFTER: the rest of the delimiter's line */
    Part *part;
    Vec parts; /* finished ones */
    size_t text_size;
    const char *temp_dir;
};

/* ---- Header fields ---- */

/* The value of a parameter of a header field: name=token or name="quoted"; NULL when it is not there. */
static const char *parameter(const char *field, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = strchr(field, ';'); at;) {
        at += 1 + strspn(at + 1, " \t");
        size_t key = strcspn(at, "=; \t");
        bool wanted = key == n && strncasecmp(at, name, n) == 0;
        at += key;
        if (*at != '=') {
            at = strchr(at, ';');
            continue;
        }
        Buf value = { 0 };
        if (*++at == '"') {
            for (at++; *at && *at != '"'; at++) {
                if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
                    at++; /* other backslashes are part of a Windows path */
                buf_char(&value, *at);
            }
            if (!*at)
                return NULL;
            at = strchr(at, ';');
        } else {
            size_t size = strcspn(at, "; \t");
            buf_add(&value, at, size);
            at = strchr(at + size, ';');
        }
        if (wanted)
            return buf_end(&value);
    }
    return NULL;
}

const char *multipart_boundary(const char *content_type)
{
    const char *boundary = parameter(content_type, "boundary");
    size_t n = boundary ? strlen(boundary) : 0;
    if (!n || n > MAX_BOUNDARY || boundary[n - 1] == ' ')
        return NULL;
    for (const char *c = boundary; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("'()+_,-./:=? ", *c))
            return NULL;
    return boundary;
}

static const char *drop_controls(const char *text)
{
    Buf out = { 0 };
    for (; *text; text++)
        if ((unsigned char)*text >= 0x20 && *text != 0x7f)
            buf_char(&out, *text);
    return buf_end(&out);
}

const char *safe_file_name(const char *sent)
{
    const char *last = sent;
    for (const char *c = sent; *c; c++)
        if (*c == '/' || *c == '\\')
            last = c + 1;
    char *name = text_trim(drop_controls(text_nfc(last)));
    size_t n = strlen(name);
    if (n > MAX_FILE_NAME) { /* keep the extension, cut between code points */
        const char *dot = strrchr(name, '.');
        size_t tail = dot && n - (size_t)(dot - name) <= 16 ? n - (size_t)(dot - name) : 0;
        size_t keep = MAX_FILE_NAME - tail;
        while (keep && ((unsigned char)name[keep] & 0xc0) == 0x80)
            keep--;
        name = fmt("%.*s%s", (int)keep, name, name + n - tail);
    }
    if (!*name || text_is(name, ".") || text_is(name, ".."))
        return "file";
    return name;
}

/* ---- Files ---- */

static void close_file(void *fd)
{
    if (*(int *)fd >= 0)
        close(*(int *)fd);
    *(int *)fd = -1;
}

static void delete_file(void *path)
{
    unlink(path); /* gone when platform/files took it */
}

static void open_file(Multipart *m, Part *part)
{
    unsigned char name[16];
    random_bytes(name, sizeof name);
    char *path = fmt("%s/upload-%s", m->temp_dir, hex_encode(name, sizeof name));
    part->fd = alloc(sizeof *part->fd);
    *part->fd = -1;
    arena_defer(close_file, part->fd);
    arena_defer(delete_file, path);
    part->digest = digest_new();
    part->upload =
        (Upload){ .field = part->name, .file_name = safe_file_name(part->file_name), .path = path };
    *part->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*part->fd < 0)
        raise_fault(FAULT_STORE, "http.upload", "%s could not be made: %s", path, strerror(errno));
}

static void write_file(Part *part, const char *bytes, size_t size)
{
    digest_add(part->digest, bytes, size);
    part->upload.size += (int64_t)size;
    while (size) {
        ssize_t n = write(*part->fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            raise_fault(FAULT_STORE, "http.upload", "an upload could not be written: %s",
                        strerror(n < 0 ? errno : ENOSPC));
        bytes += n;
        size -= (size_t)n;
    }
}

static void finish_file(Part *part)
{
    unsigned char digest[SHA256_SIZE];
    digest_end(part->digest, digest);
    snprintf(part->upload.sha256, sizeof part->upload.sha256, "%s", hex_encode(digest, sizeof digest));
    close_file(part->fd);
}

/* ---- Parts ---- */

Multipart *multipart_new(const char *boundary, const char *temp_dir)
{
    Multipart *m = alloc(sizeof *m);
    m->delimiter_size = (size_t)snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%s", boundary);
    m->matched = 2;
    m->temp_dir = text_copy(temp_dir);
    return m;
}

/* Reads the header lines in m->head, which end with a blank line. */
static PartError begin_part(Multipart *m)
{
    const char *disposition = NULL;
    if (memchr(m->head.at, '\0', m->head.size) || !utf8_valid(m->head.at, m->head.size))
        return PART_MALFORMED;
    for (char *line = m->head.at, *end; (end = strstr(line, "\r\n")) && end > line; line = end + 2) {
        *end = '\0';
        if (strncasecmp(line, "content-disposition:", 20) == 0)
            disposition = line + 20 + strspn(line + 20, " \t");
    }
    if (!disposition || strncasecmp(disposition, "form-data", 9) != 0)
        return PART_MALFORMED;
    Part *part = alloc(sizeof *part);
    part->name = parameter(disposition, "name");
    part->file_name = parameter(disposition, "filename");
    if (text_empty(part->name))
        return PART_MALFORMED;
    /* browsers write a quote inside a name as %22 (WHATWG HTML, multipart/form-data encoding algorithm) */
    part->name = text_replace(part->name, "%22", "\"");
    part->skipped = part->file_name && !*part->file_name;
    if (part->file_name && !part->skipped)
        open_file(m, part);
    m->part = part;
    m->head = (Buf){ 0 };
    m->state = CONTENT;
    return PART_OK;
}

static PartError take_content(Multipart *m, const char *bytes, size_t size)
{
    Part *part = m->part;
    if (!part || part->skipped || !size)
        return PART_OK; /* the preamble goes nowhere */
    if (part->file_name) {
        write_file(part, bytes, size);
        return PART_OK;
    }
    m->text_size += size;
    if (m->text_size > MAX_FIELD_TEXT)
        return PART_TOO_LARGE;
    buf_add(&part->text, bytes, size);
    return PART_OK;
}

static PartError finish_part(Multipart *m)
{
    Part *part = m->part;
    m->part = NULL;
    m->state = AFTER;
    if (!part)
        return PART_OK;
    if (!part->file_name && !utf8_valid(buf_end(&part->text), part->text.size))
        return PART_MALFORMED;
    if (part->file_name && !part->skipped)
        finish_file(part);
    if (m->parts.count >= MAX_PARTS)
        return PART_TOO_MANY;
    vec_add(&m->parts, part);
    return PART_OK;
}

/* ---- The states: each takes what it can and says how much that was ---- */

/* PREAMBLE and CONTENT: everything up to the delimiter. */
static PartError feed_content(Multipart *m, const char *bytes, size_t size, size_t *taken)
{
    PartError error;
    size_t at = 0, from = 0;
    for (; at < size; at++) {
        if (m->matched == 0) {
            const char *cr = memchr(bytes + at, '\r', size - at);
            at = cr ? (size_t)(cr - bytes) : size;
            if ((error = take_content(m, bytes + from, at - from)))
                return error;
            if (!cr)
                break;
            from = at;
        }
        if (bytes[at] == m->delimiter[m->matched]) {
            if (++m->matched < m->delimiter_size)
                continue;
            m->matched = 0;
            *taken = at + 1;
            return finish_part(m);
        }
        if ((error = take_content(m, m->delimiter, m->matched)))
            return error;
        m->matched = 0;
        from = at--; /* this byte may begin a delimiter itself */
    }
    *taken = size;
    return PART_OK;
}

/* AFTER: "--" ends the body; otherwise blanks and a line end open the next part. */
static PartError feed_after(Multipart *m, const char *bytes, size_t size, size_t *taken)
{
    for (*taken = 0; *taken < size;) {
        buf_char(&m->head, bytes[(*taken)++]);
        size_t n = m->head.size;
        if (text_is(m->head.at, "--")) {
            m->state = EPILOGUE;
            return PART_OK;
        }
        if (text_ends(m->head.at, "\r\n") && strspn(m->head.at, " \t") == n - 2) {
            m->head = (Buf){ 0 };
            m->state = HEADERS;
            return PART_OK;
        }
        char c = m->head.at[n - 1];
        if (n > 64 || (c != ' ' && c != '\t' && c != '\r' && c != '-'))
            return PART_MALFORMED;
    }
    return PART_OK;
}

static PartError feed_headers(Multipart *m, const char *bytes, size_t size, size_t *taken)
{
    for (*taken = 0; *taken < size;) {
        buf_char(&m->head, bytes[(*taken)++]);
        if (m->head.size > MAX_PART_HEADER)
            return PART_TOO_LARGE;
        if (m->head.size >= 4 && memcmp(m->head.at + m->head.size - 4, "\r\n\r\n", 4) == 0)
            return begin_part(m);
        if (m->head.size == 2 && memcmp(m->head.at, "\r\n", 2) == 0)
            return PART_MALFORMED; /* a part without a header has no name */
    }
    return PART_OK;
}

PartError multipart_feed(Multipart *m, const char *bytes, size_t size)
{
    PartError error = PART_OK;
    for (size_t taken = 0; size && !error; bytes += taken, size -= taken) {
        switch (m->state) {
        case PREAMBLE:
        case CONTENT:
            error = feed_content(m, bytes, size, &taken);
            break;
        case AFTER:
            error = feed_after(m, bytes, size, &taken);
            break;
        case HEADERS:
            error = feed_headers(m, bytes, size, &taken);
            break;
        case EPILOGUE:
            taken = size;
            break;
        }
    }
    return error;
}

PartError multipart_end(Multipart *m, Json fields, Upload **uploads, size_t *count)
{
    if (m->state != EPILOGUE)
        return PART_MALFORMED;
    *uploads = alloc_array(m->parts.count + 1, sizeof **uploads);
    *count = 0;
    for (size_t i = 0; i < m->parts.count; i++) {
        Part *part = m->parts.items[i];
        if (part->file_name && !part->skipped)
            (*uploads)[(*count)++] = part->upload;
        else if (!part->file_name)
            members_add(fields, part->name, json_string(buf_end(&part->text)));
    }
    return PART_OK;
}
