/* A small client for tests of a running server: raw sockets, so that a test can send what no library would.
 * It takes no arena memory, so that allocation failures hit the server only. */
#ifndef SEN_NET_TESTS_LIVE_H
#define SEN_NET_TESTS_LIVE_H

#include <stdbool.h>
#include <stddef.h>

enum { LIVE_ROOM = 2 * 1024 * 1024 };

typedef struct Live {
    int fd;
    size_t have;
    char in[LIVE_ROOM]; /* what has come and was not read yet */
    int status;         /* of the last answer; 0: the connection was closed instead */
    char head[16 * 1024];
    size_t size;
    char body[LIVE_ROOM];
} Live;

Live *live_open(int port); /* one of a few static ones; live_close() gives it back */
void live_close(Live *live);
bool live_send(Live *live, const char *bytes, size_t size);
bool live_text(Live *live, const char *text);
/* Reads one answer; `head` says that no body follows whatever Content-Length says. */
int live_read(Live *live, bool head);
/* Sends and reads on a connection of its own. */
int live_ask(Live *live, const char *request);
/* The value of a header of the last answer, or "". */
const char *live_header(Live *live, const char *name);
/* Reads until `text` has come or the time is over. */
bool live_wait(Live *live, const char *text, int timeout_ms);
/* Has the other side closed? Waits at most so long. */
bool live_closed(Live *live, int timeout_ms);

#endif
