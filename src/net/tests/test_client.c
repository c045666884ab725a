/* fetch(), against our own server. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/test.h"
#include "base/text.h"
#include "fixture.h"
#include "net/client.h"

#include <string.h>
#include <unistd.h>

static const char *at(Server *server, const char *path)
{
    return fmt("http://127.0.0.1:%d%s", server_port(server), path);
}

TEST(an_exchange_brings_status_type_and_body)
{
    Server *server = fixture_start(NULL);
    Fetched got = fetch(&(Fetch){ .url = at(server, "/hello"), .allow_private = true });
    CHECK_INT(got.status, 200);
    CHECK_TEXT(got.type, "text/plain; charset=utf-8");
    CHECK_TEXT(got.body, "Xin chào\n");
    static const char *const headers[] = { "Content-Type: application/json", "Accept: application/json",
                                           NULL };
    got = fetch(&(Fetch){ .method = "POST",
                          .url = at(server, "/items"),
                          .headers = headers,
                          .body = "{\"name\":\"An\"}",
                          .body_size = 13,
                          .allow_private = true });
    CHECK_INT(got.status, 201);
    CHECK_TEXT(json_str(json_parse_own(got.body, got.size, "answer"), "input.name"), "An");
    CHECK_INT(fetch(&(Fetch){ .url = at(server, "/nope"), .allow_private = true }).status, 404);
    CHECK_INT(
        fetch(&(Fetch){ .method = "DELETE", .url = at(server, "/hello"), .allow_private = true }).status,
        405);
    CHECK_INT(fetch(&(Fetch){ .method = "HEAD", .url = at(server, "/large"), .allow_private = true }).size,
              0);
    fixture_stop(server, 2000);
}

TEST(addresses_of_our_own_are_refused_unless_allowed)
{
    Server *server = fixture_start(NULL);
    Fetched got = fetch(&(Fetch){ .url = at(server, "/hello") });
    CHECK_INT(got.status, 0);
    CHECK_TEXT(got.error, "the address is in a private network");
    CHECK_INT(fetch(&(Fetch){ .url = fmt("http://localhost:%d/hello", server_port(server)) }).status, 0);
    CHECK_INT(fetch(&(Fetch){ .url = fmt("http://2130706433:%d/hello", server_port(server)) }).status, 0);
    CHECK_INT(fetch(&(Fetch){ .url = fmt("http://[::ffff:127.0.0.1]:%d/hello", server_port(server)) }).status,
              0);
    CHECK_INT(server_stats(server).requests, 0);
    fixture_stop(server, 2000);
}

TEST(only_http_is_spoken)
{
    CHECK_INT(fetch(&(Fetch){ .url = "file:///etc/passwd", .allow_private = true }).status, 0);
    CHECK_INT(fetch(&(Fetch){ .url = "gopher://127.0.0.1/", .allow_private = true }).status, 0);
    CHECK_INT(fetch(&(Fetch){ .url = "nonsense", .allow_private = true }).status, 0);
    static const char *const split[] = { "X: a\r\nY: b", NULL };
    CHECK_FAULT(FAULT_INTERNAL,
                fetch(&(Fetch){ .url = "http://127.0.0.1/", .headers = split, .allow_private = true }));
}

TEST(redirects_are_followed_on_the_same_host_only)
{
    Server *server = fixture_start(NULL);
    Fetched got = fetch(&(Fetch){ .url = at(server, "/hello/"), .allow_private = true });
    CHECK_INT(got.status, 200);
    CHECK_TEXT(got.body, "Xin chào\n");
    got = fetch(&(Fetch){ .url = at(server, "/away"), .allow_private = true });
    CHECK_INT(got.status, 303);
    got = fetch(&(Fetch){ .url = at(server, "/loop"), .allow_private = true });
    CHECK_INT(got.status, 303);
    CHECK_INT(server_stats(server).by_status[2], 1);
    fixture_stop(server, 2000);
}

TEST(an_answer_that_is_too_large_or_too_late_is_cut_off)
{
    Server *server = fixture_start(NULL);
    Fetched got = fetch(&(Fetch){ .url = at(server, "/large"), .max_reply = 10000, .allow_private = true });
    CHECK_INT(got.status, 0);
    CHECK_TEXT(got.error, "the answer is too large");
    CHECK_INT(fetch(&(Fetch){ .url = at(server, "/large"), .allow_private = true }).status, 200);
    atomic_store(&fixture_delay_ms, 800);
    int64_t from = monotonic_us();
    got = fetch(&(Fetch){ .url = at(server, "/later"), .timeout_ms = 200, .allow_private = true });
    CHECK_INT(got.status, 0);
    CHECK(strlen(got.error) > 0);
    CHECK(monotonic_us() - from < 700000);
    CHECK_INT(fetch(&(Fetch){ .url = "http://127.0.0.1:1/", .allow_private = true }).status, 0);
    fixture_stop(server, 2000);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(an_exchange_brings_status_type_and_body),
        TEST_CASE(addresses_of_our_own_are_refused_unless_allowed),
        TEST_CASE(only_http_is_spoken),
        TEST_CASE(redirects_are_followed_on_the_same_host_only),
        TEST_CASE(an_answer_that_is_too_large_or_too_late_is_cut_off),
        { 0 },
    });
}
