/* Between main.c's commands and the app room. */
#ifndef SEN_PLATFORM_APP_START_H
#define SEN_PLATFORM_APP_START_H

#include "platform/app/app.h"
#include "platform/app/config.h"
#include "platform/solution.h"

/* Sets what settings(), app_store() and app_server() answer. */
void app_use(const Settings *settings, Store *store, Server *server);
/* The server's hook (net/server.h). */
void app_handle(Request *rq);

/* "/dossiers/{id}" with the values put in. */
const char *path_filled(const char *pattern, Json values);

/* The migrations of every room, in the order of solutions(): files <room>/schema/NNNN-*.sql. */
size_t app_migrations(const Migration **migrations);
/* Opens and migrates the store of a configuration, and fills settings. */
Store *app_open(const Config *config, Settings *settings, bool migrate);
/* Reference data, start hooks. */
void app_prepare(Store *store);
/* Stop hooks, in reverse order. */
void app_finish(void);

extern const Solution app_solution; /* /healthz /readyz /metrics /openapi.json */
Json openapi_document(Server *server);
Json routes_document(const Solution *const *list);

#endif
