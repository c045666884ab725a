/* Files and accepts dossiers as fast as the server answers: bench/run.sh runs it against Sen and against the
 * peer.
 *
 *     load HOST PORT CONNECTIONS SECONDS SESSIONS BODY
 *
 * SESSIONS is a file of lines "citizen-cookie citizen-csrf official-cookie official-csrf", used in turn, a
 * pair for each connection. BODY is the JSON of a filing in which every '@' stands for the number of the
 * request. Each connection keeps alive and does one thing after the other: POST /dossiers, then POST
 * /dossiers/{id}/accept with the id of the answer. The first WARM_SECONDS are not counted. One line of JSON
 * goes to stdout; anything but 201 and 200 is an error, and the first one is shown. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MOST = 1024,
    REQUEST_MOST = 8192,
    ANSWER_MOST = 65536,
    SAMPLES_MOST = 8 << 20,
    WARM_SECONDS = 1
};

typedef struct Session {
    char cookie[2][400], csrf[2][200]; /* of the citizen, of the official */
} Session;

typedef struct Connection {
    int fd;
    const Session *session;
    bool accepting; /* the second of the two requests is under way */
    char id[32], request[REQUEST_MOST], answer[ANSWER_MOST];
    size_t request_size, sent, got;
    int64_t began_us;
} Connection;

static Connection connections[CONNECTIONS_MOST];
static Session sessions[64];
static size_t session_count;
static char body[REQUEST_MOST / 2];
static char run_name[64];
static int64_t next_number, errors, start_us, end_us;
static uint32_t *samples[2]; /* microseconds of creating, of accepting */
static size_t sample_count[2];

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void read_sessions(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    Session *s = sessions;
    while (session_count < sizeof sessions / sizeof *sessions &&
           fscanf(file, "%399s %199s %399s %199s", s->cookie[0], s->csrf[0], s->cookie[1], s->csrf[1]) == 4) {
        session_count++;
        s++;
    }
    fclose(file);
    if (!session_count)
        die("no sessions");
}

static void read_body(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file || !fread(body, 1, sizeof body - 1, file))
        die(path);
    fclose(file);
    body[strcspn(body, "\n")] = '\0';
}

/* The body with the run and the number of the request for each '@'. */
static size_t filled_body(char *out)
{
    char *at = out;
    int64_t number = ++next_number;
    for (const char *p = body; *p; p++) {
        if (*p == '@')
            at += sprintf(at, "%s-%lld", run_name, (long long)number);
        else
            *at++ = *p;
    }
    return (size_t)(at - out);
}

static void compose(Connection *c)
{
    static char filled[REQUEST_MOST];
    size_t size = 2;
    char path[64] = "/dossiers";
    if (c->accepting) {
        snprintf(path, sizeof path, "/dossiers/%s/accept", c->id);
        memcpy(filled, "{}", 2);
    } else {
        size = filled_body(filled);
    }
    int head = snprintf(
        c->request, sizeof c->request,
        "POST %s HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
        "Cookie: %s\r\nX-CSRF-Token: %s\r\nContent-Length: %zu\r\n\r\n",
        path, c->session->cookie[c->accepting], c->session->csrf[c->accepting], size);
    if ((size_t)head + size > sizeof c->request)
        die("the request is too long");
    memcpy(c->request + head, filled, size);
    c->request_size = (size_t)head + size;
    c->sent = c->got = 0;
    c->began_us = now_us();
}

static void send_some(Connection *c)
{
    while (c->sent < c->request_size) {
        ssize_t n = send(c->fd, c->request + c->sent, c->request_size - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            die("send");
        c->sent += (size_t)n;
    }
}

/* The size of a whole answer, 0 while something is missing. */
static size_t whole(Connection *c)
{
    c->answer[c->got] = '\0';
    char *end = strstr(c->answer, "\r\n\r\n");
    char *length = end ? strcasestr(c->answer, "\r\ncontent-length:") : NULL;
    if (!length || length > end)
        return 0;
    size_t size = (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
    return c->got >= size ? size : 0;
}

static void count(Connection *c, int64_t now)
{
    int kind = c->accepting;
    if (c->began_us >= start_us && now <= end_us && sample_count[kind] < SAMPLES_MOST)
        samples[kind][sample_count[kind]++] = (uint32_t)(now - c->began_us);
}

static bool find_id(Connection *c)
{
    const char *id = strstr(c->answer, "\"id\":\"");
    if (!id)
        return false;
    snprintf(c->id, sizeof c->id, "%.*s", (int)strcspn(id + 6, "\""), id + 6);
    return true;
}

static void finished(Connection *c)
{
    int status = atoi(c->answer + 9);
    if (status != (c->accepting ? 200 : 201) || (!c->accepting && !find_id(c))) {
        if (!errors++)
            fprintf(stderr, "the first error: %.1500s\n", c->answer);
        c->accepting = false;
    } else {
        count(c, now_us());
        c->accepting = !c->accepting;
    }
    compose(c);
    send_some(c);
}

static void receive(Connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, sizeof c->answer - 1 - c->got, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("the server closed a connection");
    c->got += (size_t)n;
    if (whole(c))
        finished(c);
}

static void connect_one(Connection *c, const char *host, int port, int poll)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int yes = 1;
    inet_pton(AF_INET, host, &to.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    if (epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        die("epoll_ctl");
    compose(c);
    send_some(c);
}

static int smaller(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double at(const uint32_t *sorted, size_t n, double part)
{
    return n ? sorted[(size_t)(part * (double)(n - 1))] / 1000.0 : 0;
}

static void report(const char *name, uint32_t *list, size_t n, double seconds)
{
    qsort(list, n, sizeof *list, smaller);
    printf("\"%s\":{\"per_s\":%.1f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}", name,
           (double)n / seconds, at(list, n, .5), at(list, n, .95), at(list, n, .99), at(list, n, 1));
}

static void report_all(double seconds)
{
    size_t n = sample_count[0] + sample_count[1];
    uint32_t *both = malloc((n + 1) * sizeof *both);
    memcpy(both, samples[0], sample_count[0] * sizeof *both);
    memcpy(both + sample_count[0], samples[1], sample_count[1] * sizeof *both);
    printf("{");
    report("all", both, n, seconds);
    printf(",");
    report("create", samples[0], sample_count[0], seconds);
    printf(",");
    report("accept", samples[1], sample_count[1], seconds);
    printf(",\"errors\":%lld}\n", (long long)errors);
    free(both);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return fprintf(stderr, "usage: load HOST PORT CONNECTIONS SECONDS SESSIONS BODY\n"), 2;
    int wanted = atoi(argv[3]), poll = epoll_create1(0);
    double seconds = atof(argv[4]);
    if (wanted < 1 || wanted > CONNECTIONS_MOST)
        return 2;
    read_sessions(argv[5]);
    read_body(argv[6]);
    snprintf(run_name, sizeof run_name, "%lld", (long long)time(NULL) * 100000 + getpid());
    for (int i = 0; i < 2; i++)
        samples[i] = malloc(SAMPLES_MOST * sizeof **samples);
    start_us = now_us() + (int64_t)WARM_SECONDS * 1000000;
    end_us = start_us + (int64_t)(seconds * 1e6);
    for (int i = 0; i < wanted; i++) {
        connections[i].session = &sessions[(size_t)i % session_count];
        connect_one(&connections[i], argv[1], atoi(argv[2]), poll);
    }
    while (now_us() < end_us) {
        struct epoll_event events[256];
        int n = epoll_wait(poll, events, 256, 100);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
    }
    report_all(seconds);
    return errors > 0;
}
