/* What machines ask of the program: is it alive, is it ready, how is it doing, what can be asked of it. */
#include "platform/app/start.h"
#include "platform/app/stream.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>
#include <unistd.h>

static Reply healthz(Request *rq)
{
    (void)rq;
    return text_reply("text/plain; charset=utf-8", "ok\n");
}

/* Ready: the store answers and nothing is left to migrate. */
static Reply readyz(Request *rq)
{
    const Migration *migrations;
    size_t count = app_migrations(&migrations);
    if (db_int(rq->db, "select 1") != 1 ||
        (size_t)db_int(rq->db, "select count(*) from schema_migration") < count)
        return problem(rq, 503, "http.starting", NULL);
    return text_reply("text/plain; charset=utf-8", "ready\n");
}

static void figure(Buf *out, const char *name, const char *kind, const char *help, int64_t value)
{
    buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, kind, name, (long long)value);
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void server_figures(Buf *out, ServerStats s)
{
    figure(out, "sen_http_requests_total", "counter", "Requests answered.", s.requests);
    figure(out, "sen_http_in_flight", "gauge", "Requests being answered.", s.in_flight);
    figure(out, "sen_http_streams", "gauge", "Open event streams.", s.streams);
    figure(out, "sen_http_bytes_out_total", "counter", "Bytes of bodies sent.", s.bytes_out);
    figure(out, "sen_http_rate_limited_total", "counter", "Requests refused by the rate limit.",
           s.rate_limited);
    buf_text(out, "# HELP sen_http_responses_total Answers by class of status.\n# TYPE "
                  "sen_http_responses_total counter\n");
    for (int i = 1; i < 6; i++)
        buf_fmt(out, "sen_http_responses_total{class=\"%dxx\"} %lld\n", i, (long long)s.by_status[i]);
    buf_text(out, "# HELP sen_http_seconds Time to answer.\n# TYPE sen_http_seconds histogram\n");
    int64_t sum = 0;
    for (int i = 0; i < 16; i++) {
        sum += s.latency_us_bucket[i];
        buf_fmt(out, "sen_http_seconds_bucket{le=\"%g\"} %lld\n", (double)(1 << i) / 1000, (long long)sum);
    }
    buf_fmt(out, "sen_http_seconds_bucket{le=\"+Inf\"} %lld\nsen_http_seconds_count %lld\n", (long long)sum,
            (long long)sum);
}

static Reply metrics(Request *rq)
{
    Buf out = { 0 };
    StoreStats s = store_stats(app_store());
    server_figures(&out, server_stats(rq->server));
    figure(&out, "sen_store_reads_total", "counter", "Read transactions.", s.reads);
    figure(&out, "sen_store_writes_total", "counter", "Write transactions.", s.writes);
    figure(&out, "sen_store_commits_total", "counter", "Commits to disk; one may carry many writes.",
           s.commits);
    figure(&out, "sen_store_retries_total", "counter",
           "Write transactions run again after a serialisation failure.", s.retries);
    figure(&out, "sen_store_queries_total", "counter", "Statements.", s.queries);
    figure(&out, "sen_process_resident_memory_bytes", "gauge", "Memory held.", resident_bytes());
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const Metric *metric = (*solution)->metrics; metric && metric->name; metric++)
            figure(&out, metric->name, "gauge", metric->help, metric->read(rq->db));
    return text_reply("text/plain; version=0.0.4; charset=utf-8", buf_end(&out));
}

static Reply openapi(Request *rq)
{
    return json_reply(200, openapi_document(rq->server));
}

static const Route routes[] = {
    { GET, "/healthz", healthz, "public", "Is the program alive?", NULL, NULL, 0 },
    { GET, "/readyz", readyz, "public", "Can it answer: store reachable, migrated?", NULL, NULL, 0 },
    { GET, "/metrics", metrics, "public", "Figures for Prometheus.", NULL, NULL, 0 },
    { GET, "/openapi.json", openapi, "public", "This interface as OpenAPI 3.1.", NULL, NULL, 0 },
    { GET, "/stream", stream, "public",
      "Tells what changes, as server-sent events, of the topics one may hear.", stream_params, NULL, 0 },
    { 0 },
};

const Solution app_solution = { .name = "app", .routes = routes };
