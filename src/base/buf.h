/* A growing run of bytes in the current arena; always ends with a NUL that is not counted. */
#ifndef SEN_BASE_BUF_H
#define SEN_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

typedef struct Buf {
    char *at;
    size_t size, room;
} Buf;

void buf_add(Buf *buf, const void *bytes, size_t size);
void buf_text(Buf *buf, const char *text);
void buf_char(Buf *buf, char c);
void buf_fmt(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds text with & < > " ' escaped for HTML and XML. */
void buf_html(Buf *buf, const char *text);
/* The text so far, never NULL. */
const char *buf_end(Buf *buf);

#endif
