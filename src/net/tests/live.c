/* See live.h. */
#include "live.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIVES = 8, PATIENCE_MS = 20000 };

static Live lives[LIVES];

Live *live_open(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < LIVES; i++) {
        Live *live = &lives[i];
        if (live->fd)
            continue;
        live->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        live->have = 0;
        live->status = 0;
        if (connect(live->fd, (struct sockaddr *)&to, sizeof to) != 0)
            perror("connect");
        return live;
    }
    fputs("all test connections are in use\n", stderr);
    abort();
}

void live_close(Live *live)
{
    close(live->fd);
    live->fd = 0;
}

bool live_send(Live *live, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = send(live->fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool live_text(Live *live, const char *text)
{
    return live_send(live, text, strlen(text));
}

/* One more piece; false: closed, or nothing came. */
static bool more(Live *live, int timeout_ms)
{
    struct pollfd wait = { .fd = live->fd, .events = POLLIN };
    if (live->have + 1 >= sizeof live->in || poll(&wait, 1, timeout_ms) <= 0)
        return false;
    ssize_t n = recv(live->fd, live->in + live->have, sizeof live->in - live->have - 1, 0);
    if (n <= 0)
        return false;
    live->have += (size_t)n;
    live->in[live->have] = '\0';
    return true;
}

static void consume(Live *live, size_t size)
{
    memmove(live->in, live->in + size, live->have - size + 1);
    live->have -= size;
}

const char *live_header(Live *live, const char *name)
{
    static char value[4096];
    size_t n = strlen(name);
    for (const char *line = live->head; line; line = strstr(line, "\r\n") ? strstr(line, "\r\n") + 2 : NULL) {
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + n + 2, "\r"), line + n + 2);
            return value;
        }
    }
    return "";
}

static bool need(Live *live, size_t size)
{
    while (live->have < size)
        if (!more(live, PATIENCE_MS))
            return false;
    return true;
}

static bool read_chunks(Live *live)
{
    for (;;) {
        while (!memchr(live->in, '\n', live->have))
            if (!more(live, PATIENCE_MS))
                return false;
        size_t size = strtoul(live->in, NULL, 16);
        consume(live, (size_t)((char *)memchr(live->in, '\n', live->have) - live->in) + 1);
        if (!need(live, size + 2))
            return false;
        memcpy(live->body + live->size, live->in, size);
        live->size += size;
        consume(live, size + 2);
        if (!size)
            return true;
    }
}

int live_read(Live *live, bool head)
{
    char *end;
    live->status = 0;
    live->size = 0;
    live->head[0] = live->body[0] = '\0';
    while (!live->have || !(end = strstr(live->in, "\r\n\r\n")))
        if (!more(live, PATIENCE_MS))
            return 0;
    size_t size = (size_t)(end - live->in) + 4;
    if (size >= sizeof live->head)
        return 0;
    memcpy(live->head, live->in, size);
    live->head[size] = '\0';
    consume(live, size);
    int status = atoi(live->head + 9);
    size_t length = strtoul(live_header(live, "Content-Length"), NULL, 10);
    if (!head && strcmp(live_header(live, "Transfer-Encoding"), "chunked") == 0) {
        if (!read_chunks(live))
            return 0;
    } else if (!head && status != 304 && status != 204 && status != 100) {
        if (!need(live, length))
            return 0;
        memcpy(live->body, live->in, length);
        live->size = length;
        consume(live, length);
    }
    live->body[live->size] = '\0';
    return live->status = status;
}

int live_ask(Live *live, const char *request)
{
    live_text(live, request);
    return live_read(live, strncmp(request, "HEAD", 4) == 0);
}

static long now_in_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool live_wait(Live *live, const char *text, int timeout_ms)
{
    long until = now_in_ms() + timeout_ms;
    for (;;) {
        if (live->have && strstr(live->in, text))
            return true;
        long left = until - now_in_ms();
        if (left <= 0 || !more(live, (int)left))
            return false;
    }
}

bool live_closed(Live *live, int timeout_ms)
{
    struct pollfd wait = { .fd = live->fd, .events = POLLIN };
    char byte;
    return poll(&wait, 1, timeout_ms) > 0 && recv(live->fd, &byte, 1, MSG_PEEK) <= 0;
}
