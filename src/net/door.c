/* The door: the listening socket and the thread that takes connections in and hands them to libmicrohttpd.
 *
 * libmicrohttpd 0.9.75 could listen itself, but it cannot stop listening while it goes on answering:
 * MHD_quiesce_daemon() races with its own I/O threads for the removal of the socket from their epoll sets,
 * and the loser aborts the program. With a door of our own, stopping is shutdown() on our socket. */
#include "net/inside.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, PAUSE_US = 20000 };

struct Door {
    int socket;
    struct MHD_Daemon *daemon;
    pthread_t thread;
};

static _Noreturn void refuse_listen(const char *listen, const char *why)
{
    raise_fault(FAULT_INTERNAL, "http.listen", "%s: %s", listen, why);
}

static int bind_to(const struct addrinfo *info)
{
    int yes = 1, no = 0;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_socket(const char *where)
{
    const char *colon = strrchr(where, ':');
    if (!colon)
        refuse_listen(where, "an address has the form host:port");
    char *host = text_copy_n(where, (size_t)(colon - where));
    size_t n = strlen(host);
    if (n > 1 && host[0] == '[' && host[n - 1] == ']')
        host = text_copy_n(host + 1, n - 2);
    struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *info = NULL;
    int error = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &info);
    if (error)
        refuse_listen(where, gai_strerror(error));
    int fd = bind_to(info);
    int failure = errno;
    freeaddrinfo(info);
    if (fd < 0)
        refuse_listen(where, strerror(failure));
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

/* Out of descriptors: those who wait stay in the backlog meanwhile. */
static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void *take_in(void *argument)
{
    Door *door = argument;
    for (;;) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        int fd = accept4(door->socket, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            MHD_add_connection(door->daemon, fd, (struct sockaddr *)&address,
                               size); /* closes it when there are too many */
        else if (is_shortage(errno))
            usleep(PAUSE_US);
        else if (errno == EINVAL || errno == EBADF)
            return NULL; /* door_close() */
    }
}

Door *door_open(const char *listen, struct MHD_Daemon *daemon, int *port)
{
    Door *door = heap_alloc(sizeof *door);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        heap_free(door);
        raise_again(&guard.fault);
    }
    door->daemon = daemon;
    door->socket = open_socket(listen);
    *port = port_of(door->socket);
    guard_leave(&guard);
    if (pthread_create(&door->thread, NULL, take_in, door) == 0)
        return door;
    close(door->socket);
    heap_free(door);
    raise_fault(FAULT_INTERNAL, "http.start", "no thread could be started");
}

void door_close(Door *door)
{
    if (!door)
        return;
    shutdown(door->socket, SHUT_RDWR);
    pthread_join(door->thread, NULL);
    close(door->socket);
    heap_free(door);
}
