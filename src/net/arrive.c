/* The arrival of a request: its headers are copied, who asks and how is read from them, its route is found,
 * and what must be refused is refused before the body comes. Runs on the I/O thread, behind a guard. */
#include "base/clock.h"
#include "net/inside.h"

#include <string.h>
#include <strings.h>

void refuse_exchange(Exchange *ex, int status, const char *code)
{
    ex->refused = true;
    ex->reply = problem(&ex->rq, status, code, NULL);
}

typedef struct Collect {
    Exchange *ex;
    size_t bytes;
    char *at; /* NULL while only counting */
} Collect;

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    Collect *c = cls;
    (void)kind;
    size_t n = strlen(name) + 1, v = value ? strlen(value) + 1 : 1;
    if (c->at) {
        HeaderLine *line = &c->ex->headers[c->ex->header_count++];
        line->name = memcpy(c->at, name, n);
        line->value = v > 1 ? memcpy(c->at + n, value, v) : c->at + n;
        if (!utf8_valid(line->value,
                        v - 1)) /* Latin-1 from old clients: it must never reach JSON or the store */
            for (char *b = c->at + n; *b; b++)
                *b = (char)((unsigned char)*b > 0x7e ? '?' : *b);
        c->at += n + v;
    }
    c->bytes += n + v;
    return MHD_YES;
}

/* Copies the headers, since a connection may be gone while its handler still runs. False: too many. */
static bool collect_headers(Exchange *ex)
{
    Collect c = { .ex = ex };
    int lines = MHD_get_connection_values(ex->connection, MHD_HEADER_KIND, collect, &c);
    if (lines > MAX_HEADER_LINES || c.bytes > MAX_HEADERS)
        return false;
    ex->headers = alloc_array((size_t)lines + 1, sizeof *ex->headers);
    c.at = alloc(c.bytes + 1);
    MHD_get_connection_values(ex->connection, MHD_HEADER_KIND, collect, &c);
    return true;
}

static void read_client(Exchange *ex)
{
    Request *rq = &ex->rq;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && info->client_addr)
        address_bytes(info->client_addr, ex->address);
    rq->secure = ex->server->options.cert;
    if (ex->server->proxies.count &&
        forwarded(&ex->server->proxies, ex->address, header(rq, "X-Forwarded-For")))
        rq->secure = text_is(header(rq, "X-Forwarded-Proto"), "https");
    rq->ip = address_text(ex->address);
    rq->now = now_ms();
    rq->trace_id = trace_from(header(rq, "traceparent"));
    bool htmx = text_is(header(rq, "HX-Request"), "true");
    rq->fragment = htmx && !text_is(header(rq, "HX-Boosted"), "true");
    rq->wants_json = prefers_json(header(rq, "Accept"), htmx);
    rq->lang = prefers_language(cookie(rq, "lang"), header(rq, "Accept-Language"));
}

static unsigned read_method(Exchange *ex, const char *method)
{
    ex->head = text_is(method, "HEAD");
    if (ex->head)
        return GET;
    for (unsigned bit = GET; bit <= DELETE; bit <<= 1)
        if (text_is(method, method_name(bit)))
            return bit;
    return 0;
}

/* The path of a request target, which may be in absolute form (RFC 9112 §3.2.2). */
static const char *path_of(const char *target)
{
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        const char *path = strchr(strstr(target, "//") + 2, '/');
        target = path ? path : "/";
    }
    return text_copy_n(target, strcspn(target, "?"));
}

static void not_allowed(Exchange *ex, unsigned allowed, bool options)
{
    const char *allow = allow_text(allowed);
    refuse_exchange(ex, 405, "http.method-not-allowed");
    if (options)
        ex->reply = (Reply){ .status = 204, .kind = REPLY_BYTES, .bytes = "" };
    reply_header(&ex->reply, "Allow", allow);
}

static void moved(Exchange *ex, const char *path)
{
    const char *query = strchr(ex->rq.target, '?');
    ex->refused = true;
    ex->reply = (Reply){ .status = 308, .kind = REPLY_BYTES, .bytes = "" };
    reply_header(&ex->reply, "Location", fmt("%s%s", path, text_or(query, "")));
}

static void find_route(Exchange *ex, unsigned bit, bool options)
{
    Request *rq = &ex->rq;
    RouteMatch match;
    RouteResult result = router_find(&ex->server->router, bit, path_of(rq->target), &match);
    rq->path = match.path;
    if (match.values)
        rq->path_values = match.values;
    if (result == ROUTE_MISSING && bit == GET && ex->server->hooks.asset && text_starts(rq->path, "/assets/"))
        ex->asset = true;
    else if (result == ROUTE_FOUND)
        rq->route = match.route;
    else if (result == ROUTE_OTHER_METHOD)
        not_allowed(ex, match.allowed, options);
    else if (result == ROUTE_MOVED)
        moved(ex, match.moved);
    else
        refuse_exchange(ex, result == ROUTE_MALFORMED ? 400 : 404,
                        result == ROUTE_MALFORMED ? "http.malformed" : "http.not-found");
}

static void limit_rate(Exchange *ex)
{
    Server *server = ex->server;
    if (!server->limiter || ex->asset) /* a page fetches many of them */
        return;
    int wait_s = limiter_wait_s(server->limiter, ex->address, ex->started_us);
    if (!wait_s)
        return;
    atomic_fetch_add(&server->rate_limited, 1);
    refuse_exchange(ex, 429, "http.too-many-requests");
    reply_header(&ex->reply, "Retry-After", fmt("%d", wait_s));
}

/* Is it certain where this request ends, and for which host it is? What two readers could take for two
 * different things is how requests are smuggled past a proxy (RFC 9112 §6.3, §3.2). */
static bool framing_sound(Exchange *ex, const char *version)
{
    int lengths = 0, codings = 0, hosts = 0;
    bool chunked = true;
    for (size_t i = 0; i < ex->header_count; i++) {
        const HeaderLine *line = &ex->headers[i];
        lengths += strcasecmp(line->name, "Content-Length") == 0;
        hosts += strcasecmp(line->name, "Host") == 0;
        if (strcasecmp(line->name, "Transfer-Encoding") == 0) {
            codings++;
            chunked &= strcasecmp(line->value, "chunked") == 0;
        }
    }
    bool host_known = hosts == 1 || (!hosts && text_is(version, "HTTP/1.0"));
    return lengths + codings <= 1 && chunked && host_known;
}

/* What is said no to before anything is looked at closely. Routes may be added until the server is open. */
static bool refuse_early(Exchange *ex, bool headers_fit, const char *version)
{
    if (!atomic_load(&ex->server->open)) {
        refuse_exchange(ex, 503, "http.starting");
        reply_header(&ex->reply, "Retry-After", "2");
    } else if (ex->target_too_long) {
        refuse_exchange(ex, 414, "http.target-too-long");
    } else if (!headers_fit) {
        refuse_exchange(ex, 431, "http.headers-too-large");
    } else if (!framing_sound(ex, version)) {
        refuse_exchange(ex, 400, "http.malformed");
        ex->early = true; /* an answer before the body also closes the connection */
    }
    return ex->refused;
}

void arrive(Exchange *ex, void *argument)
{
    const RequestLine *line = argument;
    Request *rq = &ex->rq;
    int status = 0;
    ex->begun = true;
    rq->path = "/";
    bool headers_fit = collect_headers(ex);
    read_client(ex);
    unsigned bit = read_method(ex, line->method);
    rq->method = bit ? bit : GET;
    rq->path_values = json_new();
    if (!refuse_early(ex, headers_fit, line->version))
        find_route(ex, bit, text_is(line->method, "OPTIONS"));
    limit_rate(ex);
    if (ex->refused)
        rq->route = NULL;
    const char *length = MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND, "Content-Length");
    int64_t size = 0;
    const char *code = intake_begin(ex, length, &status);
    if (code)
        refuse_exchange(ex, status, code);
    bool huge = text_int(length, 0, INT64_MAX, &size) && size > MAX_DRAIN;
    ex->early |= ex->refused && (huge || header(rq, "Expect"));
}
