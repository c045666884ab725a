/* The virus scanner: clamd's INSTREAM command (clamd(8)) over a Unix or TCP socket. The bytes go in pieces,
 * each after its length in network order; a length of zero ends them; the answer is "stream: OK", "stream:
 * <name> FOUND" or an error. */
#include "platform/files/inside.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, TIMEOUT_S = 30 };

static int connect_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_tcp(const char *address)
{
    const char *colon = strrchr(address, ':');
    struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM };
    int fd = -1;
    if (!colon || getaddrinfo(text_copy_n(address, (size_t)(colon - address)), colon + 1, &hints, &list) != 0)
        return -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static bool send_all(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size;) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool send_piece(int fd, const char *at, size_t size)
{
    uint32_t length = htonl((uint32_t)size);
    return send_all(fd, &length, sizeof length) && send_all(fd, at, size);
}

static bool send_stream(int fd, const char *at, size_t size)
{
    bool ok = send_all(fd, "zINSTREAM", sizeof "zINSTREAM");
    for (size_t n; ok && size; at += n, size -= n) {
        n = size < PIECE ? size : PIECE;
        ok = send_piece(fd, at, n);
    }
    return ok && send_piece(fd, "", 0);
}

static void read_answer(int fd, char *answer, size_t size)
{
    size_t used = 0;
    while (used < size - 1) {
        ssize_t n = recv(fd, answer + used, size - 1 - used, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
        if (memchr(answer, '\0', used))
            break;
    }
    answer[used] = '\0';
}

Scan clamd_scan(const char *address, const char *at, size_t size)
{
    char answer[512] = "";
    int fd = text_starts(address, "unix:") ? connect_unix(address + 5) : connect_tcp(address);
    if (fd >= 0) {
        struct timeval limit = { .tv_sec = TIMEOUT_S };
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        send_stream(fd, at, size); /* when it breaks off, the answer may still say why */
        read_answer(fd, answer, sizeof answer);
        close(fd);
    }
    if (text_is(answer, "stream: OK"))
        return SCAN_CLEAN;
    if (text_starts(answer, "stream: ") && text_ends(answer, " FOUND"))
        return SCAN_INFECTED;
    log_warn("files.scanner", "address", address, "answer", answer, NULL);
    return SCAN_UNKNOWN;
}
