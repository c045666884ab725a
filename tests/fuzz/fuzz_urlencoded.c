/* Queries and simple forms: any bytes either are malformed or give members that survive being written as
 * JSON. */
#include "net/inside.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new(0);
    arena_use(arena);
    Json members = json_new();
    if (urlencoded_parse((const char *)bytes, size, members)) {
        char error[200];
        const char *text = json_text(members);
        if (!json_parse(text, slice(text).size, error, sizeof error))
            abort();
    }
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
