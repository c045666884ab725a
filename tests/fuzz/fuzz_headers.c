/* Header values that a server must understand from anybody: negotiation, cookies, tags, ranges, dates,
 * proxies, traces. */
#include "net/inside.h"

#include <stdlib.h>
#include <string.h>

static ProxyList proxies;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_start();
    Arena *arena = arena_new(0);
    arena_use(arena);
    proxies_parse(&proxies, "10.0.0.0/8, fd00::/7, 127.0.0.1");
    arena_use(NULL);
    arena_free(arena);
    return 0;
}

static void check_range(const char *text)
{
    Range range;
    for (int64_t size = 0; size < 3000; size = size * 7 + 1)
        if (range_parse(text, size, &range) == RANGE_PART &&
            (range.from < 0 || range.size < 1 || range.from + range.size > size))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new(0);
    unsigned char address[16] = { [10] = 0xff, [11] = 0xff, [12] = 10 };
    int64_t seconds;
    arena_use(arena);
    const char *text = text_copy_n((const char *)bytes, size);
    prefers_json(text, size % 2);
    const char *lang = prefers_language(NULL, text);
    if (strcmp(lang, "vi") != 0 && strcmp(lang, "en") != 0)
        abort();
    if (strlen(trace_from(text)) != 32)
        abort();
    accepts_encoding(text, "gzip");
    cookie_in(text, "lang");
    etag_in(text, "\"a\"", size % 2);
    check_range(text);
    http_date_parse(text, &seconds);
    forwarded(&proxies, address, text);
    address_text(address);
    multipart_boundary(text);
    if (utf8_valid(text, strlen(text)) && strpbrk(safe_file_name(text), "/\\\r\n"))
        abort();
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
