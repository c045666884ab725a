/* Routes: which one answers, what it captures, and what is refused at start. */
#include "base/test.h"
#include "net/inside.h"

static Reply nothing(Request *rq)
{
    (void)rq;
    return (Reply){ 0 };
}

#define ROUTE(m, p)                                                                                          \
    {                                                                                                        \
        .method = m, .path = p, .handler = nothing, .permission = "public"                                   \
    }

static const Route routes[] = {
    ROUTE(GET, "/"),
    ROUTE(GET, "/dossiers"),
    ROUTE(POST, "/dossiers"),
    ROUTE(GET, "/dossiers/new"),
    ROUTE(GET, "/dossiers/{id}"),
    ROUTE(DELETE, "/dossiers/{code}"),
    ROUTE(POST, "/dossiers/{id}/accept"),
    ROUTE(GET, "/dossiers/{id}/files/{file}"),
    ROUTE(GET, "/dossiers/new/help"),
    ROUTE(GET, "/r1/{rest*}"),
    ROUTE(GET, "/r1/status"),
    { 0 },
};

static Router make_router(void)
{
    Router router = { .arena = arena_current() };
    router_add(&router, routes);
    return router;
}

static const char *found(Router *router, unsigned method, const char *path)
{
    RouteMatch match;
    return router_find(router, method, path, &match) == ROUTE_FOUND ? match.route->path : "none";
}

TEST(a_literal_segment_beats_a_parameter)
{
    Router router = make_router();
    CHECK_TEXT(found(&router, GET, "/"), "/");
    CHECK_TEXT(found(&router, GET, "/dossiers/new"), "/dossiers/new");
    CHECK_TEXT(found(&router, GET, "/dossiers/newer"), "/dossiers/{id}");
    CHECK_TEXT(found(&router, POST, "/dossiers/new/accept"), "/dossiers/{id}/accept");
    CHECK_TEXT(found(&router, GET, "/r1/status"), "/r1/status");
    CHECK_TEXT(found(&router, GET, "/r1/status/deep"), "/r1/{rest*}");
}

TEST(parameters_have_the_names_of_their_own_route)
{
    Router router = make_router();
    RouteMatch match;
    CHECK_INT(router_find(&router, DELETE, "/dossiers/H20.12", &match), ROUTE_FOUND);
    CHECK_TEXT(json_str(match.values, "code"), "H20.12");
    CHECK_INT(router_find(&router, GET, "/dossiers/7/files/b%E1%BA%A3n%20sao.pdf", &match), ROUTE_FOUND);
    CHECK_TEXT(json_str(match.values, "id"), "7");
    CHECK_TEXT(json_str(match.values, "file"), "bản sao.pdf");
    CHECK_TEXT(match.path, "/dossiers/7/files/bản sao.pdf");
}

TEST(a_tail_takes_all_that_follows_with_its_slashes)
{
    Router router = make_router();
    RouteMatch match;
    CHECK_INT(router_find(&router, GET, "/r1/VN/GOV//x/", &match), ROUTE_FOUND);
    CHECK_TEXT(json_str(match.values, "rest"), "VN/GOV//x/");
    CHECK_INT(router_find(&router, GET, "/r1", &match), ROUTE_FOUND);
    CHECK_TEXT(json_str(match.values, "rest"), "");
}

TEST(an_encoded_slash_stays_in_its_segment)
{
    Router router = make_router();
    RouteMatch match;
    CHECK_INT(router_find(&router, GET, "/dossiers/a%2Fb", &match), ROUTE_FOUND);
    CHECK_TEXT(json_str(match.values, "id"), "a/b");
}

TEST(another_method_is_told_which_are_allowed)
{
    Router router = make_router();
    RouteMatch match;
    CHECK_INT(router_find(&router, PUT, "/dossiers", &match), ROUTE_OTHER_METHOD);
    CHECK_TEXT(allow_text(match.allowed), "GET, HEAD, POST");
    CHECK_INT(router_find(&router, 0, "/dossiers/5/accept", &match), ROUTE_OTHER_METHOD);
    CHECK_TEXT(allow_text(match.allowed), "POST");
}

TEST(a_trailing_or_double_slash_is_led_to_the_plain_path)
{
    Router router = make_router();
    RouteMatch match;
    CHECK_INT(router_find(&router, GET, "/dossiers/", &match), ROUTE_MOVED);
    CHECK_TEXT(match.moved, "/dossiers");
    CHECK_INT(router_find(&router, GET, "//dossiers//%C4%91/", &match), ROUTE_MOVED);
    CHECK_TEXT(match.moved, "/dossiers/%C4%91");
    CHECK_INT(router_find(&router, GET, "//example.com/", &match), ROUTE_MISSING);
}

TEST(paths_that_try_to_climb_or_are_not_text_are_malformed)
{
    Router router = make_router();
    RouteMatch match;
    static const char *const bad[] = { "/../etc/passwd",
                                       "/dossiers/%2e%2e/x",
                                       "/dossiers/%ff",
                                       "/dossiers/%00",
                                       "/dossiers/%0d%0aX",
                                       "/dossiers/%4",
                                       "dossiers",
                                       "",
                                       "*" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(router_find(&router, GET, bad[i], &match), ROUTE_MALFORMED);
}

TEST(a_route_that_stands_twice_does_not_start)
{
    Router router = make_router();
    static const Route twice[] = { ROUTE(GET, "/dossiers/{other}"), { 0 } };
    CHECK_FAULT(FAULT_INTERNAL, router_add(&router, twice));
}

TEST(a_route_without_permission_does_not_start)
{
    Router router = make_router();
    static const Route bare[] = { { .method = GET, .path = "/x", .handler = nothing }, { 0 } };
    static const Route middle[] = { ROUTE(GET, "/x/{rest*}/y"), { 0 } };
    static const Route braces[] = { ROUTE(GET, "/x/a{id}"), { 0 } };
    CHECK_FAULT(FAULT_INTERNAL, router_add(&router, bare));
    CHECK_FAULT(FAULT_INTERNAL, router_add(&router, middle));
    CHECK_FAULT(FAULT_INTERNAL, router_add(&router, braces));
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(a_literal_segment_beats_a_parameter),
        TEST_CASE(parameters_have_the_names_of_their_own_route),
        TEST_CASE(a_tail_takes_all_that_follows_with_its_slashes),
        TEST_CASE(an_encoded_slash_stays_in_its_segment),
        TEST_CASE(another_method_is_told_which_are_allowed),
        TEST_CASE(a_trailing_or_double_slash_is_led_to_the_plain_path),
        TEST_CASE(paths_that_try_to_climb_or_are_not_text_are_malformed),
        TEST_CASE(a_route_that_stands_twice_does_not_start),
        TEST_CASE(a_route_without_permission_does_not_start),
        { 0 },
    });
}
