/* Growth doubles; old bytes stay in the arena until it dies, which costs at most as much again. */
#include "base/buf.h"
#include "base/arena.h"

#include <stdio.h>
#include <string.h>

static void reserve(Buf *buf, size_t more)
{
    if (buf->room > buf->size + more)
        return;
    size_t room = buf->room ? buf->room : 128;
    while (room <= buf->size + more)
        room *= 2;
    char *at = alloc(room);
    if (buf->size)
        memcpy(at, buf->at, buf->size);
    buf->at = at;
    buf->room = room;
}

void buf_add(Buf *buf, const void *bytes, size_t size)
{
    reserve(buf, size + 1);
    if (size)
        memcpy(buf->at + buf->size, bytes, size);
    buf->size += size;
    buf->at[buf->size] = '\0';
}

void buf_text(Buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(Buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_fmt(Buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return;
    reserve(buf, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(buf->at + buf->size, (size_t)n + 1, format, args);
    va_end(args);
    buf->size += (size_t)n;
}

void buf_html(Buf *buf, const char *text)
{
    static const char *const escapes[256] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
    };
    const char *from = text;
    for (; *text; text++) {
        const char *escape = escapes[(unsigned char)*text];
        if (!escape)
            continue;
        buf_add(buf, from, (size_t)(text - from));
        buf_text(buf, escape);
        from = text + 1;
    }
    buf_add(buf, from, (size_t)(text - from));
}

const char *buf_end(Buf *buf)
{
    return buf->at ? buf->at : "";
}
