/* The server that the live tests talk to: a handful of routes, simple hooks, and a thread that finishes some
 * requests later. */
#ifndef SEN_NET_TESTS_FIXTURE_H
#define SEN_NET_TESTS_FIXTURE_H

#include "net/server.h"

#include <stdatomic.h>

/* Starts with these options on a free port of 127.0.0.1; a NULL starts with defaults. */
Server *fixture_start(const ServerOptions *options);
void fixture_stop(Server *server, int grace_ms);
void fixture_end(void); /* the second half of it, after server_stop() */

/* A path of this process alone: "/tmp/sen-net-<pid>-name". /file/a sends fixture_path("file"). */
const char *fixture_path(const char *name);

/* /later answers when this many ms have passed. */
extern atomic_int fixture_delay_ms;
/* Handlers of /later that were begun and finished. */
extern atomic_int fixture_begun, fixture_finished;

#endif
