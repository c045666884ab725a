/* sen serve: opens the store, starts the services and the server, waits for SIGTERM or SIGINT, and stops in
 * order: no new requests, running ones end, background work ends, the store closes. */
#include "cli/commands.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/events/events.h"
#include "platform/identity/identity.h"
#include "platform/jobs/jobs.h"
#include "platform/signatures/signatures.h"
#include "platform/view/view.h"

#include <signal.h>
#include <stdio.h>

enum { GRACE_MS = 15000 };

static Server *start_server(const Config *config, const Settings *s)
{
    ServerOptions options = { .listen = config_text(config, "listen"),
                              .cert = config_text(config, "tls-cert"),
                              .key = config_text(config, "tls-key"),
                              .trusted_proxies = config_text(config, "trusted-proxies"),
                              .temp_dir = fmt("%s/tmp", s->data_dir),
                              .io_threads = (int)config_int(config, "io-threads"),
                              .workers = (int)config_int(config, "workers"),
                              .max_upload = config_int(config, "max-upload-mb") << 20,
                              .rate_per_minute = (int)config_int(config, "rate-per-minute"),
                              .access_log = text_is(config_text(config, "log-level"), "debug") };
    static const Hooks hooks = { .handle = app_handle, .render = view_render, .asset = view_asset };
    Server *server = server_start(&options, &hooks);
    for (const Solution *const *solution = solutions(); *solution; solution++)
        if ((*solution)->routes)
            server_add_routes(server, (*solution)->routes);
    return server;
}

static void wait_for_stop(const sigset_t *stop)
{
    int signal_number;
    sigwait(stop, &signal_number);
    log_info("server.stopping", "signal", signal_number == SIGINT ? "SIGINT" : "SIGTERM", NULL);
}

static void say_where(const Settings *s, int64_t ready_ms)
{
    printf("Sen: %s (ready after %lld ms)\n", s->base_url, (long long)ready_ms);
    if (s->demo)
        print_demo_accounts(stdout);
    fflush(stdout);
}

int command_serve(const Config *config, const char **rest)
{
    int64_t began = monotonic_us();
    sigset_t stop;
    Settings s;
    (void)rest;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL); /* before any thread starts, so that only sigwait() gets them */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of its write, not the end */

    Server *server = NULL;
    Store *store = app_open(config, &s, true);
    view_start();
    server = start_server(config, &s);
    app_use(&s, store, server);
    app_prepare(store);
    events_start(store);
    jobs_start(store, (int)config_int(config, "runners"));
    server_open(server);
    int64_t ready_ms = (monotonic_us() - began) / 1000;
    log_info("server.ready", "listen", config_text(config, "listen"), "ms", fmt("%lld", (long long)ready_ms),
             NULL);
    say_where(&s, ready_ms);

    wait_for_stop(&stop);
    server_stop(server, GRACE_MS);
    app_use(&s, store, NULL);
    jobs_stop();
    events_stop();
    signatures_stop();
    app_finish();
    store_close(store);
    view_stop();
    return 0;
}
