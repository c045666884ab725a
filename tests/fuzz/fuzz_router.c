/* Paths as they come over the wire: whatever is asked for, a redirect leads to a path that answers, and a
 * value never holds what a path may not. */
#include "net/inside.h"

#include <stdlib.h>
#include <string.h>

static Reply nothing(Request *rq)
{
    (void)rq;
    return (Reply){ 0 };
}

#define ROUTE(m, p)                                                                                          \
    {                                                                                                        \
        .method = m, .path = p, .handler = nothing, .permission = "public"                                   \
    }

static const Route routes[] = { ROUTE(GET, "/"),
                                ROUTE(GET, "/a"),
                                ROUTE(POST, "/a/new"),
                                ROUTE(GET, "/a/{id}"),
                                ROUTE(GET, "/a/{id}/b/{other}"),
                                ROUTE(GET, "/a/new/{x}"),
                                ROUTE(GET, "/{any}/b"),
                                ROUTE(GET, "/t/{rest*}"),
                                ROUTE(PUT, "/t/a/{rest*}"),
                                { 0 } };
static Router router;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_start();
    router.arena = arena_new(0);
    router_add(&router, routes);
    return 0;
}

static void check_values(Json values)
{
    const char *name;
    Json value;
    json_object_foreach (values, name, value) {
        const char *text = json_string_value(value);
        if (!text || strcmp(text, "..") == 0 || strpbrk(text, "\r\n"))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new(0);
    arena_use(arena);
    RouteMatch match, again;
    RouteResult result = router_find(&router, GET, text_copy_n((const char *)bytes, size), &match);
    if (result == ROUTE_FOUND)
        check_values(match.values);
    if (result == ROUTE_MOVED) {
        if (match.moved[0] != '/' || match.moved[1] == '/')
            abort(); /* that would lead to another host */
        result = router_find(&router, GET, match.moved, &again);
        if (result != ROUTE_FOUND && result != ROUTE_OTHER_METHOD)
            abort();
    }
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
