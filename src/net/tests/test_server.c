/* A running server, from outside: what HTTP (RFC 9110, 9112) promises, and what ours adds. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "base/buf.h"
#include "base/json.h"
#include "fixture.h"
#include "live.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* One request on a connection of its own; the answer stays readable until the next call. */
static Live *ask(Server *server, const char *request)
{
    Live *live = live_open(server_port(server));
    live_ask(live, request);
    live_close(live);
    return live;
}

static Json body_of(Live *live)
{
    return json_parse_own(live->body, live->size, "answer");
}

static const char *post(const char *path, const char *type, const char *body)
{
    return fmt("POST %s HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: "
               "%s\r\nContent-Length: %zu\r\n\r\n%s",
               path, type, strlen(body), body);
}

TEST(a_connection_carries_many_requests_also_sent_ahead)
{
    Server *server = fixture_start(NULL);
    Live *live = live_open(server_port(server));
    for (int i = 0; i < 3; i++)
        CHECK_INT(live_ask(live, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(live_text(live, "GET /items/1 HTTP/1.1\r\nHost: x\r\n\r\n"
                          "POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                          "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
                          "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_INT(live_read(live, false), 200);
    CHECK_TEXT(json_str(body_of(live), "id"), "1");
    CHECK_INT(live_read(live, false), 200);
    CHECK_INT(json_int(body_of(live), "size"), 3);
    CHECK_INT(live_read(live, false), 200);
    CHECK_TEXT(live->body, "later");
    CHECK_INT(live_read(live, false), 404);
    live_close(live);
    fixture_stop(server, 2000);
}

TEST(a_chunked_body_is_put_together)
{
    Server *server = fixture_start(NULL);
    Live *live = ask(server, "POST /raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                             "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    CHECK_INT(live->status, 200);
    CHECK_INT(json_int(body_of(live), "size"), 5);
    CHECK_TEXT(json_str(body_of(live), "sha256"), sha256_hex("abcde", 5));
    fixture_stop(server, 2000);
}

TEST(head_is_get_without_the_body)
{
    Server *server = fixture_start(NULL);
    Live *live = live_open(server_port(server));
    CHECK_INT(live_ask(live, "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK_TEXT(live_header(live, "Content-Length"), "10");
    CHECK_INT(live_ask(live, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK_TEXT(live->body, "Xin chào\n");
    CHECK_INT(live_ask(live, "HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK_INT(live_ask(live, "HEAD /file/a HTTP/1.1\r\nHost: x\r\n\r\n"), 500); /* the file is not there */
    live_close(live);
    fixture_stop(server, 2000);
}

TEST(what_is_not_a_route_is_a_problem_document)
{
    Server *server = fixture_start(NULL);
    Live *live = ask(server, "GET /nope?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 404);
    CHECK_TEXT(live_header(live, "Content-Type"), "application/problem+json");
    CHECK_TEXT(json_str(body_of(live), "type"), "urn:sen:problem:http.not-found");
    CHECK_TEXT(json_str(body_of(live), "trace_id"), live_header(live, "X-Trace-Id"));
    live = ask(server, "DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 405);
    CHECK_TEXT(live_header(live, "Allow"), "GET, HEAD");
    CHECK_INT(ask(server, "BREW /hello HTTP/1.1\r\nHost: x\r\n\r\n")->status, 405);
    live = ask(server, "OPTIONS /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 204);
    CHECK_TEXT(live_header(live, "Allow"), "GET, HEAD");
    CHECK_INT(ask(server, "GET /items/%ff HTTP/1.1\r\nHost: x\r\n\r\n")->status, 400);
    CHECK_INT(ask(server, "GET /hello?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n")->status, 400);
    live = ask(server, "GET /hello/?a=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 308);
    CHECK_TEXT(live_header(live, "Location"), "/hello?a=1");
    CHECK_INT(ask(server, "NONSENSE\r\n\r\n")->status, 0); /* not HTTP: the connection is closed */
    fixture_stop(server, 2000);
}

TEST(a_request_that_two_readers_could_cut_differently_is_refused)
{
    static const char *const bad[] = {
        "POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST /raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /hello HTTP/1.1\r\n\r\n",
    };
    Server *server = fixture_start(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Live *live = live_open(server_port(server));
        CHECK_INT(live_ask(live, bad[i]), 400);
        CHECK(live_closed(live, 5000));
        live_close(live);
    }
    CHECK_INT(ask(server, "GET /hello HTTP/1.0\r\n\r\n")->status, 200);
    fixture_stop(server, 2000);
}

TEST(the_access_log_tells_neither_the_query_nor_the_whole_address)
{
    char line[4096] = { 0 };
    FILE *log = tmpfile();
    int before = dup(STDERR_FILENO);
    dup2(fileno(log), STDERR_FILENO);
    Server *server = fixture_start(&(ServerOptions){ .access_log = true });
    ask(server, "GET /items/5?so_dinh_danh=087199012345 HTTP/1.1\r\nHost: x\r\n\r\n");
    fixture_stop(server, 2000);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(log);
    size_t n = fread(line, 1, sizeof line - 1, log);
    fclose(log);
    CHECK(n > 0);
    Json entry = json_parse_own(line, strcspn(line, "\n"), "log");
    CHECK_TEXT(json_str(entry, "event"), "http.request");
    CHECK_TEXT(json_str(entry, "path"), "/items/5");
    CHECK_TEXT(json_str(entry, "status"), "200");
    CHECK_TEXT(json_str(entry, "ip"), "127.0.0.0");
    CHECK(strstr(line, "087199012345") == NULL && strstr(line, "so_dinh_danh") == NULL);
}

TEST(long_targets_and_headers_are_refused)
{
    Server *server = fixture_start(NULL);
    char *long_text = alloc(40001);
    memset(long_text, 'a', 15000);
    Live *live = ask(
        server, fmt("GET /items/%.8000s HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", long_text, long_text));
    CHECK_INT(live->status, 200);
    CHECK_INT(strlen(json_str(body_of(live), "id")), 8000);
    long_text[9000] = '\0';
    CHECK_INT(ask(server, fmt("GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", long_text))->status, 414);
    memset(long_text, 'a', 20000);
    live = ask(server, fmt("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", long_text));
    CHECK_INT(live->status, 431);
    CHECK_TEXT(live_header(live, "Content-Type"), "application/problem+json");
    memset(long_text, 'a', 40000); /* more than libmicrohttpd itself takes */
    CHECK_INT(ask(server, fmt("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", long_text))->status,
              431);
    Buf many = { 0 };
    for (int i = 0; i < 101; i++)
        buf_fmt(&many, "X-%d: 1\r\n", i);
    CHECK_INT(ask(server, fmt("GET /hello HTTP/1.1\r\nHost: x\r\n%s\r\n", buf_end(&many)))->status, 431);
    fixture_stop(server, 2000);
}

TEST(a_form_a_json_body_and_a_multipart_body_give_the_same_input)
{
    Server *server = fixture_start(NULL);
    Live *live = ask(server, post("/items", "application/x-www-form-urlencoded", "name=%C4%90%C3%A0o&age=7"));
    CHECK_INT(live->status, 201);
    CHECK_TEXT(live_header(live, "Location"), "/items/77");
    CHECK_TEXT(json_text(json_at(body_of(live), "input")), "{\"name\":\"Đào\",\"age\":7}");
    live = ask(server,
               post("/items", "application/vnd.sen+json; charset=utf-8", "{\"name\":\"Đào\",\"age\":7}"));
    CHECK_INT(live->status, 201);
    CHECK_TEXT(json_text(json_at(body_of(live), "input")), "{\"name\":\"Đào\",\"age\":7}");
    live = ask(server, post("/items", "multipart/form-data; boundary=b",
                            "--b\r\nContent-Disposition: form-data; name=name\r\n\r\nĐào\r\n"
                            "--b\r\nContent-Disposition: form-data; name=age\r\n\r\n7\r\n"
                            "--b\r\nContent-Disposition: form-data; name=scan; "
                            "filename=\"../quét.png\"\r\n\r\nPNG\r\n--b--\r\n"));
    CHECK_INT(live->status, 201);
    CHECK_TEXT(json_text(json_at(body_of(live), "input")), "{\"name\":\"Đào\",\"age\":7}");
    CHECK_TEXT(json_str(body_of(live), "file"), "quét.png");
    CHECK_TEXT(json_str(body_of(live), "sha256"), sha256_hex("PNG", 3));
    CHECK(json_bool(body_of(live), "on_disk"));
    fixture_stop(server, 2000);
}

TEST(people_are_led_on_after_a_change)
{
    Server *server = fixture_start(NULL);
    Live *live = ask(server, "POST /items HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nContent-Type: "
                             "application/x-www-form-urlencoded\r\n"
                             "Content-Length: 7\r\n\r\nname=An");
    CHECK_INT(live->status, 303);
    CHECK_TEXT(live_header(live, "Location"), "/items/77");
    fixture_stop(server, 2000);
}

TEST(wrong_bodies_are_refused_each_with_its_status)
{
    Server *server = fixture_start(&(ServerOptions){ .max_body = 1000, .max_upload = 100000 });
    Live *live = ask(server, post("/items", "application/x-www-form-urlencoded", "age=7"));
    CHECK_INT(live->status, 422);
    CHECK_TEXT(json_str(body_of(live), "type"), "urn:sen:problem:http.invalid-input");
    CHECK_TEXT(json_str(json_array_get(json_at(body_of(live), "errors"), 0), "message"), "check.required");
    CHECK_INT(ask(server, post("/items", "text/plain", "hello"))->status, 415);
    CHECK_INT(ask(server, post("/items", "application/json", "{\"name\":"))->status, 400);
    CHECK_INT(ask(server, post("/items", "application/json", "[1]"))->status, 400);
    CHECK_INT(ask(server, post("/items", "application/json", "{\"name\":\"\xff\"}"))->status, 400);
    CHECK_INT(ask(server, post("/items", "application/x-www-form-urlencoded", "name=%ff"))->status, 400);
    CHECK_INT(ask(server, post("/items", "multipart/form-data", "x"))->status, 400);
    CHECK_INT(ask(server, post("/items", "multipart/form-data; boundary=b", "--b--"))->status, 422);
    CHECK_INT(ask(server, post("/items", "multipart/form-data; boundary=b", "--b\r\n"))->status, 400);
    char *big = alloc(200001);
    memset(big, 'a', 1500);
    live = ask(server, post("/items", "application/x-www-form-urlencoded", big));
    CHECK_INT(live->status, 413);
    CHECK_TEXT(json_str(body_of(live), "type"), "urn:sen:problem:http.body-too-large");
    CHECK_INT(ask(server, post("/raw", "text/plain", big))->status, 200);
    memset(big, 'a', 200000);
    CHECK_INT(ask(server, post("/raw", "text/plain", big))->status, 413);
    live = ask(server, fmt("POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: "
                           "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "5dc\r\n%.1500s\r\n0\r\n\r\n",
                           big));
    CHECK_INT(live->status, 413);
    fixture_stop(server, 2000);
}

TEST(a_client_that_waits_for_100_continue_is_told_at_once)
{
    Server *server = fixture_start(NULL);
    Live *live = live_open(server_port(server));
    CHECK_INT(
        live_ask(live, "POST /raw HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
        100);
    CHECK_INT(live_ask(live, "abc"), 200);
    live_close(live);
    live = ask(server,
               "POST /items HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 30000000\r\n\r\n");
    CHECK_INT(live->status, 413);
    live = ask(server, "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 300000000\r\n\r\n");
    CHECK_INT(live->status, 413);
    fixture_stop(server, 2000);
}

TEST(faults_have_their_statuses_and_the_server_goes_on)
{
    Server *server = fixture_start(NULL);
    static const int wanted[] = { 0, 500, 503, 503, 409, 503, 503 };
    for (int kind = 1; kind <= 6; kind++)
        CHECK_INT(ask(server, fmt("GET /fault/%d HTTP/1.1\r\nHost: x\r\n\r\n", kind))->status, wanted[kind]);
    CHECK_INT(ask(server, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")->status, 200);
    fixture_stop(server, 2000);
}

TEST(every_answer_carries_the_security_headers)
{
    Server *server = fixture_start(NULL);
    Live *live = ask(server, "GET /page HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n");
    CHECK_TEXT(live_header(live, "X-Content-Type-Options"), "nosniff");
    CHECK_TEXT(live_header(live, "Referrer-Policy"), "same-origin");
    CHECK(strstr(live_header(live, "Content-Security-Policy"), "script-src 'self'; ") != NULL);
    CHECK(strstr(live_header(live, "Content-Security-Policy"), "unsafe") == NULL);
    CHECK_TEXT(live_header(live, "Cache-Control"), "private, no-store");
    CHECK(strstr(live_header(live, "Vary"), "Accept-Language") != NULL);
    CHECK_TEXT(live_header(live, "Set-Cookie"), "seen=1; Path=/; SameSite=Lax; Max-Age=60; HttpOnly");
    CHECK_TEXT(live_header(live, "Strict-Transport-Security"), "");
    CHECK_INT(strlen(live_header(live, "X-Trace-Id")), 32);
    fixture_stop(server, 2000);
}

TEST(a_trusted_proxy_says_who_asks_and_whether_it_was_secure)
{
    static const char request[] = "GET /items/5?q=%C4%91&q=2 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "
                                  "203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
                                  "Cookie: a=b; lang=en\r\nHX-Request: true\r\n\r\n";
    Server *server = fixture_start(&(ServerOptions){ .trusted_proxies = "127.0.0.0/8" });
    Live *live = ask(server, request);
    CHECK_TEXT(json_str(body_of(live), "ip"), "203.0.113.9");
    CHECK(json_bool(body_of(live), "secure"));
    CHECK(json_bool(body_of(live), "fragment"));
    CHECK_TEXT(json_str(body_of(live), "lang"), "en");
    CHECK_TEXT(json_str(body_of(live), "target"), "/items/5?q=%C4%91&q=2");
    CHECK_TEXT(json_text(json_at(body_of(live), "query")), "{\"q\":[\"đ\",\"2\"]}");
    CHECK_TEXT(live_header(live, "Strict-Transport-Security"), "max-age=31536000");
    fixture_stop(server, 2000);
    server = fixture_start(NULL);
    live = ask(server, request);
    CHECK_TEXT(json_str(body_of(live), "ip"), "127.0.0.1");
    CHECK(!json_bool(body_of(live), "secure"));
    fixture_stop(server, 2000);
}

static size_t inflated(Live *live, char *out, size_t room)
{
    z_stream state = { .next_in = (unsigned char *)live->body, .avail_in = (unsigned)live->size };
    state.next_out = (unsigned char *)out;
    state.avail_out = (unsigned)room;
    inflateInit2(&state, 15 + 16);
    int result = inflate(&state, Z_FINISH);
    inflateEnd(&state);
    return result == Z_STREAM_END ? state.total_out : 0;
}

TEST(long_text_is_compressed_for_who_can_read_it)
{
    static char plain[200000], unpacked[200000];
    Server *server = fixture_start(NULL);
    Live *live = ask(server, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    size_t size = live->size;
    memcpy(plain, live->body, size);
    CHECK_TEXT(live_header(live, "Content-Encoding"), "");
    for (int i = 0; i < 3; i++) { /* the state of deflate is used again */
        live = ask(server, "GET /large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\n\r\n");
        CHECK_TEXT(live_header(live, "Content-Encoding"), "gzip");
        CHECK(strstr(live_header(live, "Vary"), "Accept-Encoding") != NULL);
        CHECK(live->size < size / 3);
        CHECK_INT(inflated(live, unpacked, sizeof unpacked), size);
        CHECK(memcmp(plain, unpacked, size) == 0);
        CHECK_TEXT(live_header(live, "ETag"), "W/\"large\""); /* not the same bytes as without compression */
    }
    live = ask(server, "GET /large HTTP/1.1\r\nHost: x\r\nIf-None-Match: W/\"large\"\r\n\r\n");
    CHECK_INT(live->status, 304);
    fixture_stop(server, 2000);
}

TEST(a_known_version_is_not_sent_again)
{
    Server *server = fixture_start(NULL);
    Live *live = ask(server, "GET /tagged HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_TEXT(live_header(live, "ETag"), "\"v7\"");
    CHECK_TEXT(live_header(live, "Cache-Control"), "private, no-cache");
    live = ask(server, "GET /tagged HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"v6\", \"v7\"\r\n\r\n");
    CHECK_INT(live->status, 304);
    CHECK_INT(live->size, 0);
    fixture_stop(server, 2000);
}

static void write_sample(void)
{
    FILE *f = fopen(fixture_path("file"), "w");
    for (int i = 0; i < 100000; i++)
        fputc('0' + i % 10, f);
    fclose(f);
}

TEST(files_come_whole_in_ranges_or_not_at_all)
{
    Server *server = fixture_start(NULL);
    write_sample();
    Live *live = ask(server, "GET /file/a HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 200);
    CHECK_INT(live->size, 100000);
    CHECK_TEXT(live_header(live, "Content-Disposition"),
               "attachment; filename=\"____n _xin_.pdf\"; filename*=UTF-8''%C4%90%C6%A1n%20%22xin%22.pdf");
    live = ask(server, "GET /file/a HTTP/1.1\r\nHost: x\r\nRange: bytes=10-14\r\n\r\n");
    CHECK_INT(live->status, 206);
    CHECK_TEXT(live->body, "01234");
    CHECK_TEXT(live_header(live, "Content-Range"), "bytes 10-14/100000");
    live = ask(server, "GET /file/a HTTP/1.1\r\nHost: x\r\nRange: bytes=-3\r\nIf-Range: \"other\"\r\n\r\n");
    CHECK_INT(live->status, 200);
    live = ask(server, "GET /file/a HTTP/1.1\r\nHost: x\r\nRange: bytes=-3\r\nIf-Range: \"file-1\"\r\n\r\n");
    CHECK_TEXT(live->body, "789");
    live = ask(server, "GET /file/a HTTP/1.1\r\nHost: x\r\nRange: bytes=100000-\r\n\r\n");
    CHECK_INT(live->status, 416);
    CHECK_TEXT(live_header(live, "Content-Range"), "bytes */100000");
    live = ask(server, "GET /file/a HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"file-1\"\r\n\r\n");
    CHECK_INT(live->status, 304);
    const char *changed = text_copy(live_header(live, "Last-Modified"));
    live = ask(server, fmt("GET /file/a HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: %s\r\n\r\n", changed));
    CHECK_INT(live->status, 304);
    live = ask(server,
               "GET /file/a HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    CHECK_INT(live->status, 200);
    CHECK_INT(ask(server, "HEAD /file/a HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n")->status, 200);
    unlink(fixture_path("file"));
    fixture_stop(server, 2000);
}

TEST(assets_are_kept_for_ever_in_the_best_encoding)
{
    Server *server = fixture_start(NULL);
    Live *live =
        ask(server, "GET /assets/app-1234.js HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\n\r\n");
    CHECK_TEXT(live->body, "br!");
    CHECK_TEXT(live_header(live, "Content-Encoding"), "br");
    CHECK_TEXT(live_header(live, "Cache-Control"), "public, max-age=31536000, immutable");
    CHECK_TEXT(ask(server, "GET /assets/app-1234.js HTTP/1.1\r\nHost: x\r\n\r\n")->body, "plain");
    CHECK_INT(ask(server, "GET /assets/other.js HTTP/1.1\r\nHost: x\r\n\r\n")->status, 404);
    CHECK_INT(ask(server, "GET /assets/../hello HTTP/1.1\r\nHost: x\r\n\r\n")->status, 400);
    fixture_stop(server, 2000);
}

TEST(before_it_is_open_it_asks_to_come_back)
{
    static const Hooks hooks = { 0 };
    Server *server = server_start(&(ServerOptions){ .listen = "[::1]:0", .workers = 1 }, &hooks);
    CHECK(server_port(server) > 0);
    server_stop(server, 100);
    server = server_start(&(ServerOptions){ .listen = "127.0.0.1:0", .io_threads = 1, .workers = 1 }, &hooks);
    Live *live = ask(server, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 503);
    CHECK_TEXT(live_header(live, "Retry-After"), "2");
    CHECK_FAULT(FAULT_INTERNAL,
                server_start(&(ServerOptions){ .listen = fmt("127.0.0.1:%d", server_port(server)) }, &hooks));
    CHECK_FAULT(FAULT_INTERNAL, server_start(&(ServerOptions){ .listen = "nonsense" }, &hooks));
    server_stop(server, 100);
}

TEST(an_address_that_asks_too_often_must_wait)
{
    Server *server = fixture_start(&(ServerOptions){ .rate_per_minute = 3 });
    for (int i = 0; i < 3; i++)
        CHECK_INT(ask(server, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")->status, 200);
    Live *live = ask(server, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(live->status, 429);
    CHECK_TEXT(live_header(live, "Retry-After"), "20");
    CHECK_INT(ask(server, "GET /assets/app-1234.js HTTP/1.1\r\nHost: x\r\n\r\n")->status, 200);
    CHECK_INT(server_stats(server).rate_limited, 1);
    fixture_stop(server, 2000);
}

TEST(the_figures_count_what_happened)
{
    Server *server = fixture_start(NULL);
    ask(server, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    ask(server, "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 100 && server_stats(server).requests < 2; i++)
        usleep(10000); /* counted when libmicrohttpd calls it completed, after the bytes are out */
    ServerStats stats = server_stats(server);
    CHECK_INT(stats.requests, 2);
    CHECK_INT(stats.by_status[2], 1);
    CHECK_INT(stats.by_status[4], 1);
    CHECK(stats.bytes_out > 100);
    CHECK_INT(stats.in_flight, 0);
    fixture_stop(server, 2000);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(a_connection_carries_many_requests_also_sent_ahead),
        TEST_CASE(a_chunked_body_is_put_together),
        TEST_CASE(head_is_get_without_the_body),
        TEST_CASE(what_is_not_a_route_is_a_problem_document),
        TEST_CASE(a_request_that_two_readers_could_cut_differently_is_refused),
        TEST_CASE(the_access_log_tells_neither_the_query_nor_the_whole_address),
        TEST_CASE(long_targets_and_headers_are_refused),
        TEST_CASE(a_form_a_json_body_and_a_multipart_body_give_the_same_input),
        TEST_CASE(people_are_led_on_after_a_change),
        TEST_CASE(wrong_bodies_are_refused_each_with_its_status),
        TEST_CASE(a_client_that_waits_for_100_continue_is_told_at_once),
        TEST_CASE(faults_have_their_statuses_and_the_server_goes_on),
        TEST_CASE(every_answer_carries_the_security_headers),
        TEST_CASE(a_trusted_proxy_says_who_asks_and_whether_it_was_secure),
        TEST_CASE(long_text_is_compressed_for_who_can_read_it),
        TEST_CASE(a_known_version_is_not_sent_again),
        TEST_CASE(files_come_whole_in_ranges_or_not_at_all),
        TEST_CASE(assets_are_kept_for_ever_in_the_best_encoding),
        TEST_CASE(before_it_is_open_it_asks_to_come_back),
        TEST_CASE(an_address_that_asks_too_often_must_wait),
        TEST_CASE(the_figures_count_what_happened),
        { 0 },
    });
}
