/* multipart/form-data: however a body is cut into pieces, it gives the same fields, files and digests, or the
 * same error. The first byte is the size of the pieces, the second tells whether the boundary is taken from
 * the input's first line. */
#include "net/inside.h"

#include <stdlib.h>
#include <string.h>

typedef struct Result {
    PartError error;
    Json fields;
    Upload *uploads;
    size_t count;
} Result;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_start();
    return 0;
}

static Result parse(const char *boundary, const char *bytes, size_t size, size_t step)
{
    Result r = { .fields = json_new() };
    Multipart *m = multipart_new(boundary, "/tmp");
    for (size_t at = 0; at < size && !r.error; at += step)
        r.error = multipart_feed(m, bytes + at, at + step < size ? step : size - at);
    if (!r.error)
        r.error = multipart_end(m, r.fields, &r.uploads, &r.count);
    return r;
}

static void compare(Result a, Result b)
{
    if (a.error != b.error)
        abort();
    if (a.error)
        return;
    if (a.count != b.count || strcmp(json_text(a.fields), json_text(b.fields)) != 0)
        abort();
    for (size_t i = 0; i < a.count; i++) {
        const Upload *x = &a.uploads[i], *y = &b.uploads[i];
        if (x->size != y->size || strcmp(x->sha256, y->sha256) != 0 ||
            strcmp(x->file_name, y->file_name) != 0)
            abort();
        if (!*x->file_name || strlen(x->file_name) > 255 || strpbrk(x->file_name, "/\\\r\n"))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    Arena *arena = arena_new(0);
    arena_use(arena);
    const char *body = (const char *)bytes + 2, *boundary = "b";
    size_t left = size - 2, step = bytes[0] ? bytes[0] : 1;
    const char *line = bytes[1] % 2 ? memchr(body, '\n', left) : NULL;
    if (line) {
        boundary = multipart_boundary(
            fmt("multipart/form-data; boundary=%s", text_copy_n(body, (size_t)(line - body))));
        left -= (size_t)(line + 1 - body);
        body = line + 1;
    }
    if (boundary)
        compare(parse(boundary, body, left, left ? left : 1), parse(boundary, body, left, step));
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
