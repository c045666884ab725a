/* fetch(): one exchange with another service through libcurl.
 *
 * The guard against being sent to our own insides (SSRF) sits where the connection is made: libcurl asks
 * open_socket() for a socket to an address that it has already resolved, so a name that resolves differently
 * the second time gains nothing. Redirects are followed by hand and only on the same scheme, host and port.
 * Proxies of the environment are not used, since they would hide the address. */
#include "net/client.h"
#include "base/clock.h"
#include "net/inside.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000, CONNECT_MS = 5000, MAX_REPLY = 8 * 1024 * 1024, MAX_REDIRECTS = 5 };

typedef struct Call {
    const Fetch *request;
    CURL *curl;
    Buf body;
    size_t most;
    const char *refusal;
    char error[CURL_ERROR_SIZE];
} Call;

/* ---- Addresses that a request from outside must not lead us to (RFC 6890, RFC 4193) ---- */

typedef struct Net {
    unsigned char at[16];
    int bits;
} Net;

#define V4(a, b, c, d, n)                                                                                    \
    {                                                                                                        \
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }, 96 + (n)                                   \
    }
static const Net inner[] = {
    V4(0, 0, 0, 0, 8),
    V4(10, 0, 0, 0, 8),
    V4(100, 64, 0, 0, 10),
    V4(127, 0, 0, 0, 8),
    V4(169, 254, 0, 0, 16),
    V4(172, 16, 0, 0, 12),
    V4(192, 0, 0, 0, 24),
    V4(192, 0, 2, 0, 24),
    V4(192, 168, 0, 0, 16),
    V4(198, 18, 0, 0, 15),
    V4(198, 51, 100, 0, 24),
    V4(203, 0, 113, 0, 24),
    V4(224, 0, 0, 0, 3),
    { { 0 }, 96 },                      /* ::, ::1 and the deprecated IPv4-compatible ones */
    { { 0x00, 0x64, 0xff, 0x9b }, 32 }, /* NAT64: hides an IPv4 address */
    { { 0x20, 0x02 }, 16 },             /* 6to4: the same */
    { { 0x20, 0x01, 0x00, 0x00 }, 32 }, /* Teredo: the same */
    { { 0xfc }, 7 },                    /* unique local */
    { { 0xfe, 0x80 }, 9 },              /* link-local and the former site-local */
    { { 0xff }, 8 },                    /* multicast */
};

static bool within(const Net *net, const unsigned char address[16])
{
    int whole = net->bits / 8, rest = net->bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    return memcmp(net->at, address, (size_t)whole) == 0 &&
           (!rest || !((net->at[whole] ^ address[whole]) & mask));
}

bool address_is_private(const struct sockaddr *address)
{
    unsigned char bytes[16];
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return true;
    address_bytes(address, bytes);
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        if (within(&inner[i], bytes))
            return true;
    return false;
}

static curl_socket_t open_socket(void *cls, curlsocktype purpose, struct curl_sockaddr *address)
{
    Call *call = cls;
    (void)purpose;
    if (!call->request->allow_private && address_is_private(&address->addr)) {
        call->refusal = "the address is in a private network";
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- One exchange ---- */

/* A fault must not jump through libcurl. */
static size_t take(char *bytes, size_t one, size_t size, void *cls)
{
    Call *call = cls;
    Guard guard;
    (void)one;
    if (call->body.size + size > call->most) {
        call->refusal = "the answer is too large";
        return 0;
    }
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        call->refusal = "no memory for the answer";
        return 0;
    }
    buf_add(&call->body, bytes, size);
    guard_leave(&guard);
    return size;
}

static void free_list(void *list)
{
    curl_slist_free_all(list);
}

static struct curl_slist *header_list(const char *const *headers)
{
    struct curl_slist *list = NULL;
    for (; headers && *headers; headers++) {
        struct curl_slist *longer = strpbrk(*headers, "\r\n") ? NULL : curl_slist_append(list, *headers);
        if (!longer) {
            curl_slist_free_all(list);
            raise_fault(FAULT_INTERNAL, "fetch.header", "a header could not be sent");
        }
        list = longer;
    }
    if (list)
        arena_defer(free_list, list);
    return list;
}

static void set_method(CURL *curl, const Fetch *request)
{
    const char *method = text_or(request->method, "GET");
    if (text_is(method, "HEAD"))
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    }
    if (!text_is(method, "HEAD"))
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

static void set_options(Call *call)
{
    const Fetch *request = call->request;
    CURL *curl = call->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sen/0.1");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, header_list(request->headers));
    set_method(curl, request);
}

/* Scheme, host and port of two URLs are the same. */
static bool same_origin(const char *a, const char *b)
{
    static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
    CURLU *one = curl_url(), *other = curl_url();
    bool same =
        one && other && !curl_url_set(one, CURLUPART_URL, a, 0) && !curl_url_set(other, CURLUPART_URL, b, 0);
    for (size_t i = 0; same && i < sizeof parts / sizeof *parts; i++) {
        char *x = NULL, *y = NULL;
        same = !curl_url_get(one, parts[i], &x, CURLU_DEFAULT_PORT) &&
               !curl_url_get(other, parts[i], &y, CURLU_DEFAULT_PORT) && strcasecmp(x, y) == 0;
        curl_free(x);
        curl_free(y);
    }
    curl_url_cleanup(one);
    curl_url_cleanup(other);
    return same;
}

/* Where a redirect of a reading request leads; NULL: it is not followed. */
static const char *next_url(const Call *call, const char *url, long status)
{
    char *target = NULL;
    const char *method = text_or(call->request->method, "GET");
    if (status < 301 || status > 308 || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
        return NULL;
    curl_easy_getinfo(call->curl, CURLINFO_REDIRECT_URL, &target);
    return target && same_origin(url, target) ? text_copy(target) : NULL;
}

static Fetched perform(Call *call)
{
    Fetched fetched = { 0 };
    int total = call->request->timeout_ms > 0 ? call->request->timeout_ms : TIMEOUT_MS;
    int64_t until_us = monotonic_us() + (int64_t)total * 1000;
    const char *url = call->request->url;
    for (int hop = 0; url && hop <= MAX_REDIRECTS; hop++) {
        long status = 0;
        int64_t left_ms = (until_us - monotonic_us()) / 1000;
        call->body = (Buf){ 0 };
        curl_easy_setopt(call->curl, CURLOPT_URL, url);
        curl_easy_setopt(call->curl, CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
        CURLcode result = curl_easy_perform(call->curl);
        if (result != CURLE_OK) {
            const char *why = *call->error ? call->error : curl_easy_strerror(result);
            return (Fetched){ .error = call->refusal ? call->refusal : text_copy(why) };
        }
        curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
        fetched.status = (int)status;
        url = next_url(call, url, status);
    }
    char *type = NULL;
    curl_easy_getinfo(call->curl, CURLINFO_CONTENT_TYPE, &type);
    fetched.type = type ? text_copy(type) : "";
    fetched.body = buf_end(&call->body);
    fetched.size = call->body.size;
    return fetched;
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void free_curl(void *curl)
{
    curl_easy_cleanup(curl);
}

Fetched fetch(const Fetch *request)
{
    pthread_once(&curl_once, start_curl);
    Call *call = alloc(sizeof *call);
    call->request = request;
    call->most = request->max_reply ? request->max_reply : MAX_REPLY;
    call->curl = curl_easy_init();
    if (!call->curl)
        raise_fault(FAULT_MEMORY, "fetch.memory", "no memory for a request");
    arena_defer(free_curl, call->curl);
    set_options(call);
    return perform(call);
}
