/* The hard ways of a running server: clients that are slow, vanish or come in crowds; answers that come late;
 * memory that runs out; streams; stopping in the middle; TLS. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/test.h"
#include "base/text.h"
#include "fixture.h"
#include "live.h"
#include "net/client.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char later[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
static const char hello[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

static int plain_connect(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static bool works(Server *server)
{
    Live *live = live_open(server_port(server));
    int status = live_ask(live, hello);
    live_close(live);
    return status == 200;
}

/* Waits until the condition holds, at most five seconds. */
#define EVENTUALLY(condition)                                                                                \
    do {                                                                                                     \
        for (int tries_ = 0; tries_ < 500 && !(condition); tries_++)                                         \
            usleep(10000);                                                                                   \
        CHECK(condition);                                                                                    \
    } while (0)

/* ---- Crowds and late answers ---- */

TEST(two_hundred_requests_wait_on_two_workers_without_holding_them)
{
    enum { CROWD = 200 };
    static int fds[CROWD];
    Server *server = fixture_start(NULL);
    atomic_store(&fixture_delay_ms, 300);
    int64_t from = monotonic_us();
    for (int i = 0; i < CROWD; i++) {
        fds[i] = plain_connect(server_port(server));
        CHECK(send(fds[i], later, sizeof later - 1, MSG_NOSIGNAL) == sizeof later - 1);
    }
    EVENTUALLY(atomic_load(&fixture_begun) == CROWD);
    CHECK(works(server)); /* the workers are free meanwhile */
    for (int i = 0; i < CROWD; i++) {
        char answer[2048] = { 0 };
        CHECK(recv(fds[i], answer, sizeof answer - 1, 0) > 0);
        CHECK(strncmp(answer, "HTTP/1.1 200", 12) == 0);
        CHECK_TEXT(strstr(answer, "\r\n\r\n"), "\r\n\r\nlater");
        close(fds[i]);
    }
    CHECK(monotonic_us() - from < 10 * 1000000);
    fixture_stop(server, 2000);
}

typedef struct Hammer {
    int port, asked, answered;
} Hammer;

static void *hammer(void *argument)
{
    static const char both[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    Hammer *h = argument;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)h->port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 30; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
            send(fd, both, sizeof both - 1, MSG_NOSIGNAL) > 0) {
            char bytes[4096];
            bool patient = i % 3; /* every third goes away at once */
            struct pollfd wait = { .fd = fd, .events = POLLIN };
            h->asked += patient;
            if (patient && poll(&wait, 1, 20000) > 0 && recv(fd, bytes, sizeof bytes, 0) > 0)
                h->answered += strncmp(bytes, "HTTP/1.1 200", 12) == 0;
        }
        close(fd);
    }
    return NULL;
}

TEST(many_clients_at_once_some_of_them_impatient)
{
    enum { HAMMERS = 8 };
    Server *server = fixture_start(NULL);
    pthread_t threads[HAMMERS];
    static Hammer hammers[HAMMERS];
    atomic_store(&fixture_delay_ms, 0);
    memset(hammers, 0, sizeof hammers);
    for (int i = 0; i < HAMMERS; i++) {
        hammers[i].port = server_port(server);
        pthread_create(&threads[i], NULL, hammer, &hammers[i]);
    }
    for (int i = 0; i < HAMMERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(hammers[i].answered, hammers[i].asked);
        CHECK_INT(hammers[i].asked, 20);
    }
    EVENTUALLY(server_stats(server).in_flight == 0);
    fixture_stop(server, 2000);
}

/* ---- Clients that vanish or creep ---- */

TEST(a_client_that_goes_away_while_its_handler_works_harms_nobody)
{
    Server *server = fixture_start(NULL);
    atomic_store(&fixture_delay_ms, 100);
    for (int i = 0; i < 10; i++) {
        int fd = plain_connect(server_port(server));
        CHECK(send(fd, later, sizeof later - 1, MSG_NOSIGNAL) > 0);
        EVENTUALLY(atomic_load(&fixture_begun) == i + 1);
        struct linger hard = { 1, 0 }; /* a reset */
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
    }
    EVENTUALLY(atomic_load(&fixture_finished) == 10);
    EVENTUALLY(server_stats(server).in_flight == 0);
    CHECK(works(server));
    fixture_stop(server, 2000);
}

static int uploads_left(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strncmp(entry->d_name, "upload-", 7) == 0;
    closedir(dir);
    return count;
}

TEST(a_client_that_goes_away_in_the_middle_of_an_upload_leaves_nothing_behind)
{
    char folder[] = "/tmp/sen-net-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    Server *server = fixture_start(&(ServerOptions){ .temp_dir = folder });
    static const char start[] =
        "POST /uploads HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 100000\r\n\r\n--b\r\n"
        "Content-Disposition: form-data; name=scan; filename=a.pdf\r\n\r\nsome bytes";
    int fd = plain_connect(server_port(server));
    CHECK(send(fd, start, sizeof start - 1, MSG_NOSIGNAL) > 0);
    EVENTUALLY(uploads_left(folder) == 1);
    close(fd);
    EVENTUALLY(uploads_left(folder) == 0);
    EVENTUALLY(server_stats(server).in_flight == 0);
    CHECK(works(server));
    fixture_stop(server, 2000);
    CHECK_INT(rmdir(folder), 0);
}

TEST(a_client_that_creeps_is_cut_off)
{
    Server *server = fixture_start(&(ServerOptions){ .idle_s = 1 });
    Live *live = live_open(server_port(server));
    CHECK(live_text(live, "POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
    int64_t from = monotonic_us();
    CHECK(live_closed(live, 10000));
    CHECK(monotonic_us() - from > 500000);
    live_close(live);
    CHECK(works(server));
    fixture_stop(server, 2000);
}

TEST(a_client_that_sends_a_byte_now_and_then_is_cut_off_too)
{
    Server *server = fixture_start(&(ServerOptions){ .idle_s = 1 });
    int fd = plain_connect(server_port(server));
    static const char start[] = "POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    CHECK(send(fd, start, sizeof start - 1, MSG_NOSIGNAL) > 0);
    int64_t from = monotonic_us();
    struct pollfd gone = { .fd = fd, .events = POLLIN };
    for (int i = 0; i < 100 && poll(&gone, 1, 200) == 0; i++)
        if (send(fd, "a", 1, MSG_NOSIGNAL) <= 0)
            break;
    CHECK(monotonic_us() - from > 1000000 && monotonic_us() - from < 10 * 1000000);
    close(fd);
    fixture_stop(server, 2000);
}

TEST(a_large_upload_is_digested_as_it_streams)
{
    enum { SIZE = 20 * 1024 * 1024 };
    Server *server = fixture_start(NULL);
    Live *live = live_open(server_port(server));
    char *bytes = alloc(SIZE);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    static const char head[] = "--b\r\nContent-Disposition: form-data; name=name\r\n\r\nx\r\n"
                               "--b\r\nContent-Disposition: form-data; name=scan; filename=a.bin\r\n\r\n";
    CHECK(
        live_text(live, fmt("POST /uploads HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
                            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %zu\r\n\r\n%s",
                            sizeof head - 1 + SIZE + 9, head)));
    CHECK(live_send(live, bytes, SIZE) && live_text(live, "\r\n--b--\r\n"));
    CHECK_INT(live_read(live, false), 201);
    CHECK_TEXT(json_str(json_parse_own(live->body, live->size, "answer"), "sha256"), sha256_hex(bytes, SIZE));
    live_close(live);
    fixture_stop(server, 2000);
}

TEST(a_reader_that_is_slow_to_start_gets_every_byte)
{
    enum { SIZE = 16 * 1024 * 1024 }; /* more than the sockets hold: sendfile() writes short */
    Server *server = fixture_start(NULL);
    int fd = plain_connect(server_port(server));
    FILE *f = fopen(fixture_path("file"), "w");
    for (int i = 0; i < SIZE; i++)
        fputc('0' + i % 10, f);
    fclose(f);
    static const char request[] = "GET /file/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    CHECK(send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0);
    usleep(300000);
    CHECK(works(server));
    char *got = alloc(SIZE + 10000);
    size_t have = 0;
    for (ssize_t n; (n = recv(fd, got + have, 4000, 0)) > 0;)
        have += (size_t)n;
    const char *body = strstr(got, "\r\n\r\n") + 4;
    CHECK_INT(strlen(body), SIZE);
    int wrong = 0;
    for (int i = 0; i < SIZE; i++)
        wrong += body[i] != '0' + i % 10;
    CHECK_INT(wrong, 0);
    close(fd);
    unlink(fixture_path("file"));
    fixture_stop(server, 2000);
}

/* ---- Memory ---- */

TEST(when_memory_runs_out_the_answer_is_503_and_the_next_one_works)
{
    static const char form[] =
        "POST /items HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nname=An&age=0042";
    static const char parts[] =
        "--b\r\nContent-Disposition: form-data; name=name\r\n\r\nAn\r\n"
        "--b\r\nContent-Disposition: form-data; name=scan; filename=a\r\n\r\ncontent\r\n--b--";
    const char *upload = fmt("POST /uploads HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
                             "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %zu\r\n\r\n%s",
                             sizeof parts - 1, parts);
    static const char events[] = "GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const char *const requests[] = { hello, form, upload, events,
                                     "GET /large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n" };
    Server *server = fixture_start(NULL);
    int refused = 0;
    for (size_t r = 0; r < sizeof requests / sizeof *requests; r++) {
        for (long n = 1; n < 400; n++) {
            Live *live = live_open(server_port(server));
            alloc_fail_after(n);
            live_text(live, requests[r]);
            bool stream = requests[r] == events; /* no end to read to */
            int status = stream ? (live_wait(live, "retry", 300) ? 200 : 503) : live_read(live, false);
            long left = alloc_failures_left();
            alloc_fail_after(0);
            live_close(live);
            refused += status == 503;
            if (status != 503 && status != 200 && status != 201)
                test_text(fmt("%.60s… at allocation %ld: %d", requests[r], n, status), "503 or success",
                          "the answer", __FILE__, __LINE__);
            if (left > 0)
                break; /* the whole request took fewer allocations */
        }
    }
    CHECK(refused >= 5);
    CHECK(works(server));
    EVENTUALLY(server_stats(server).in_flight == 0);
    fixture_stop(server, 2000);
}

/* ---- Streams ---- */

static Live *open_stream(Server *server)
{
    Live *live = live_open(server_port(server));
    CHECK(live_text(live, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(live_wait(live, "retry: 3000", 5000));
    return live;
}

TEST(events_reach_the_streams_of_their_topic)
{
    Server *server = fixture_start(NULL);
    Live *one = open_stream(server), *two = open_stream(server);
    CHECK(strstr(one->in, "Content-Type: text/event-stream") != NULL);
    CHECK_INT(server_stats(server).streams, 2);
    server_publish(server, "dossiers", "changed", "{\"id\":\"7\"}");
    server_publish(server, "other", "changed", "{\"id\":\"8\"}");
    server_publish(server, "dossier:7", "paid", "{\n}");
    CHECK(live_wait(one, "event: changed\ndata: {\"id\":\"7\"}\n\n", 5000));
    CHECK(live_wait(two, "event: paid\ndata: {\ndata: }\n\n", 5000));
    CHECK(works(server));
    CHECK(strstr(one->in, "\"8\"") == NULL);
    live_close(one);
    for (int i = 0; i < 200 && server_stats(server).streams > 1;
         i++) { /* a write finds out that it has gone */
        server_publish(server, "dossiers", "changed", "{}");
        usleep(10000);
    }
    CHECK_INT(server_stats(server).streams, 1);
    live_close(two);
    fixture_stop(server, 2000);
}

TEST(a_stream_that_does_not_read_is_told_how_much_it_lost)
{
    Server *server = fixture_start(NULL);
    Live *live = open_stream(server);
    char *big = alloc(100001);
    memset(big, 'x', 100000);
    for (int i = 0; i < 300; i++)
        server_publish(server, "dossiers", "big", big);
    server_publish(server, "dossiers", "last", "{}");
    int64_t lost = 0;
    bool last = false;
    while (!last) { /* all that is left is read in pieces, since it is more than fits */
        CHECK(live_wait(live, "\n\n", 5000));
        const char *found = strstr(live->in, "event: lost\ndata: {\"count\":");
        if (found)
            lost += atoi(found + 27);
        last = strstr(live->in, "event: last") != NULL;
        live->have = last ? live->have : 0;
        live->in[live->have] = '\0';
        if (!last)
            usleep(1000);
    }
    CHECK(lost > 100 && lost < 300);
    live_close(live);
    fixture_stop(server, 2000);
}

TEST(many_streams_hold_no_worker)
{
    enum { STREAMS = 400 };
    static int fds[STREAMS];
    static const char request[] = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";
    Server *server = fixture_start(NULL);
    for (int i = 0; i < STREAMS; i++) {
        fds[i] = plain_connect(server_port(server));
        CHECK(send(fds[i], request, sizeof request - 1, MSG_NOSIGNAL) > 0);
    }
    EVENTUALLY(server_stats(server).streams == STREAMS);
    CHECK(works(server));
    server_publish(server, "dossiers", "all", "{}");
    for (int i = 0; i < STREAMS; i++) {
        char bytes[4096] = { 0 };
        size_t have = 0;
        while (!strstr(bytes, "event: all")) {
            ssize_t n = recv(fds[i], bytes + have, sizeof bytes - 1 - have, 0);
            CHECK(n > 0);
            have += (size_t)n;
        }
        if (i % 2)
            close(fds[i]);
    }
    fixture_stop(server, 2000); /* with half of them still open */
    for (int i = 0; i < STREAMS; i += 2)
        close(fds[i]);
}

/* ---- Stopping ---- */

typedef struct Stop {
    Server *server;
    int grace_ms;
    int64_t took_ms;
} Stop;

static void *stop_it(void *argument)
{
    Stop *stop = argument;
    int64_t from = monotonic_us();
    server_stop(stop->server, stop->grace_ms);
    stop->took_ms = (monotonic_us() - from) / 1000;
    return NULL;
}

TEST(stopping_lets_running_requests_end)
{
    Server *server = fixture_start(NULL);
    atomic_store(&fixture_delay_ms, 400);
    Live *live = live_open(server_port(server)), *idle = live_open(server_port(server));
    CHECK_INT(live_ask(idle, hello), 200);
    CHECK(live_text(live, later));
    EVENTUALLY(atomic_load(&fixture_begun) == 1);
    Live *stream = open_stream(server);
    fixture_stop(server, 5000);
    CHECK_INT(live_read(live, false), 200);
    CHECK_TEXT(live->body, "later");
    CHECK_TEXT(live_header(live, "Connection"), "close");
    CHECK(live_closed(idle, 1000));
    CHECK(live_wait(stream, "\r\n0\r\n", 1000)); /* the stream ended as chunked coding says */
    live_close(live);
    live_close(idle);
    live_close(stream);
}

TEST(stopping_does_not_wait_longer_than_its_grace)
{
    Server *server = fixture_start(NULL);
    Stop stop = { .server = server, .grace_ms = 200 };
    pthread_t thread;
    atomic_store(&fixture_delay_ms, 1500);
    Live *live = live_open(server_port(server));
    CHECK(live_text(live, later));
    EVENTUALLY(atomic_load(&fixture_begun) == 1);
    pthread_create(&thread, NULL, stop_it, &stop);
    CHECK_INT(live_read(live, false), 503);
    pthread_join(thread, NULL);
    CHECK(stop.took_ms < 1200);
    CHECK_INT(atomic_load(&fixture_finished), 0);
    EVENTUALLY(atomic_load(&fixture_finished) ==
               1); /* its request_finish() finds a request that nobody waits for */
    live_close(live);
    fixture_end();
}

TEST(stopping_under_load_answers_or_closes)
{
    for (int round = 0; round < 10; round++) {
        enum { HAMMERS = 4 };
        Server *server = fixture_start(NULL);
        pthread_t threads[HAMMERS];
        static Hammer hammers[HAMMERS];
        atomic_store(&fixture_delay_ms, round % 3);
        for (int i = 0; i < HAMMERS; i++) {
            hammers[i].port = server_port(server);
            pthread_create(&threads[i], NULL, hammer, &hammers[i]);
        }
        usleep((useconds_t)round * 1000);
        fixture_stop(server, round % 2 ? 0 : 1000);
        for (int i = 0; i < HAMMERS; i++)
            pthread_join(threads[i], NULL);
    }
}

/* ---- TLS ---- */

static void make_certificate(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_sign(cert, key, EVP_sha256());
    FILE *f = fopen(cert_path, "w");
    PEM_write_X509(f, cert);
    fclose(f);
    f = fopen(key_path, "w");
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);
}

TEST(tls_is_served_directly)
{
    make_certificate(fixture_path("cert"), fixture_path("key"));
    Server *server =
        fixture_start(&(ServerOptions){ .cert = fixture_path("cert"), .key = fixture_path("key") });
    char command[300], answer[8192] = { 0 };
    snprintf(command, sizeof command,
             "curl -s -k -i --max-time 20 https://127.0.0.1:%d/items/9 https://127.0.0.1:%d/later",
             server_port(server), server_port(server));
    FILE *pipe = popen(command, "r");
    size_t n = fread(answer, 1, sizeof answer - 1, pipe);
    CHECK_INT(pclose(pipe), 0);
    CHECK(n > 0 && strstr(answer, "\"secure\":true") != NULL);
    CHECK(strstr(answer, "Strict-Transport-Security: max-age=31536000") != NULL);
    CHECK(strstr(answer, "\r\n\r\nlater") != NULL);
    Fetched fetched = fetch(
        &(Fetch){ .url = fmt("https://127.0.0.1:%d/hello", server_port(server)), .allow_private = true });
    CHECK_INT(fetched.status, 0); /* nobody vouches for this certificate */
    unlink(fixture_path("cert"));
    unlink(fixture_path("key"));
    fixture_stop(server, 2000);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(two_hundred_requests_wait_on_two_workers_without_holding_them),
        TEST_CASE(many_clients_at_once_some_of_them_impatient),
        TEST_CASE(a_client_that_goes_away_while_its_handler_works_harms_nobody),
        TEST_CASE(a_client_that_goes_away_in_the_middle_of_an_upload_leaves_nothing_behind),
        TEST_CASE(a_client_that_creeps_is_cut_off),
        TEST_CASE(a_client_that_sends_a_byte_now_and_then_is_cut_off_too),
        TEST_CASE(a_large_upload_is_digested_as_it_streams),
        TEST_CASE(a_reader_that_is_slow_to_start_gets_every_byte),
        TEST_CASE(when_memory_runs_out_the_answer_is_503_and_the_next_one_works),
        TEST_CASE(events_reach_the_streams_of_their_topic),
        TEST_CASE(a_stream_that_does_not_read_is_told_how_much_it_lost),
        TEST_CASE(many_streams_hold_no_worker),
        TEST_CASE(stopping_lets_running_requests_end),
        TEST_CASE(stopping_does_not_wait_longer_than_its_grace),
        TEST_CASE(stopping_under_load_answers_or_closes),
        TEST_CASE(tls_is_served_directly),
        { 0 },
    });
}
