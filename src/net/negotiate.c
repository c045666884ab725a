/* What a client asks for between the lines: who it is behind proxies, which form, language and encoding it
 * wants, and which trace it belongs to. Pure functions over header values. */
#include "base/crypto.h"
#include "net/inside.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Addresses and proxies ---- */

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

void address_bytes(const struct sockaddr *address, unsigned char out[16])
{
    memset(out, 0, 16);
    if (address->sa_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    } else if (address->sa_family == AF_INET) {
        memcpy(out, mapped, 12);
        memcpy(out + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    }
}

const char *address_text(const unsigned char address[16])
{
    char text[INET6_ADDRSTRLEN];
    if (memcmp(address, mapped, 12) == 0)
        return text_copy(inet_ntop(AF_INET, address + 12, text, sizeof text));
    return text_copy(inet_ntop(AF_INET6, address, text, sizeof text));
}

static bool address_parse(const char *text, unsigned char out[16])
{
    memcpy(out, mapped, 12);
    return inet_pton(AF_INET, text, out + 12) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

void proxies_parse(ProxyList *list, const char *text)
{
    size_t count;
    char **pieces = text_split(text_or(text, ""), ',', &count);
    for (size_t i = 0; i < count; i++) {
        char *piece = text_trim(pieces[i]), *slash = strchr(piece, '/');
        ProxyNet net = { .bits = 128 };
        int64_t bits = 0;
        if (!*piece)
            continue;
        if (slash)
            *slash = '\0';
        bool ok = address_parse(piece, net.at) && list->count < sizeof list->nets / sizeof *list->nets;
        int width = ok && memcmp(net.at, mapped, 12) == 0 ? 32 : 128;
        if (ok && slash && (ok = text_int(slash + 1, 0, width, &bits)))
            net.bits = 128 - width + (int)bits;
        if (!ok)
            raise_fault(FAULT_INTERNAL, "http.proxies", "the trusted proxy %s is not an address", pieces[i]);
        list->nets[list->count++] = net;
    }
}

static bool trusted(const ProxyList *list, const unsigned char address[16])
{
    for (size_t i = 0; i < list->count; i++) {
        const ProxyNet *net = &list->nets[i];
        int whole = net->bits / 8, rest = net->bits % 8;
        unsigned char mask = (unsigned char)(0xff00 >> rest);
        if (memcmp(net->at, address, (size_t)whole) == 0 &&
            (!rest || !((net->at[whole] ^ address[whole]) & mask)))
            return true;
    }
    return false;
}

bool forwarded(const ProxyList *list, unsigned char address[16], const char *forwarded_for)
{
    if (!trusted(list, address))
        return false;
    size_t count;
    char **hops = text_split(text_or(forwarded_for, ""), ',', &count);
    while (count-- > 0) {
        unsigned char hop[16];
        if (!address_parse(text_trim(hops[count]), hop))
            break;
        memcpy(address, hop, 16);
        if (!trusted(list, hop))
            break;
    }
    return true;
}

/* ---- Accept, Accept-Language, Accept-Encoding (RFC 9110 §12) ---- */

/* Walks through "a;q=0.5, b"; false at the end. The weight is in thousandths. */
static bool next_choice(const char **list, Slice *choice, int *weight)
{
    const char *at = *list + strspn(*list, " \t,");
    if (!*at)
        return false;
    size_t n = strcspn(at, ",");
    size_t name = strcspn(at, ";, \t");
    *choice = (Slice){ at, name };
    *weight = 1000;
    for (const char *p = at + name; p < at + n; p++)
        if (*p == ';' && tolower((unsigned char)p[1 + strspn(p + 1, " \t")]) == 'q') {
            const char *equals = memchr(p, '=', (size_t)(at + n - p));
            double q = equals ? strtod(equals + 1, NULL) : 1;
            *weight = q <= 0 || q != q ? 0 : q >= 1 ? 1000 : (int)(q * 1000);
        }
    *list = at + n;
    return true;
}

static bool is(Slice choice, const char *name)
{
    return choice.size == strlen(name) && strncasecmp(choice.at, name, choice.size) == 0;
}

bool prefers_json(const char *accept, bool htmx)
{
    int html = 0, json = 0, weight;
    Slice choice;
    for (const char *at = text_or(accept, ""); next_choice(&at, &choice, &weight);) {
        if (is(choice, "text/html") || is(choice, "application/xhtml+xml"))
            html = weight > html ? weight : html;
        else if (is(choice, "application/json") || is(choice, "application/problem+json"))
            json = weight > json ? weight : json;
    }
    if (htmx)
        return json > html; /* htmx itself sends only a star */
    return json > html || !html;
}

const char *prefers_language(const char *cookie_lang, const char *accept_language)
{
    if (text_is(cookie_lang, "vi") || text_is(cookie_lang, "en"))
        return cookie_lang[0] == 'v' ? "vi" : "en";
    int vi = 0, en = 0, weight;
    Slice choice;
    for (const char *at = text_or(accept_language, ""); next_choice(&at, &choice, &weight);) {
        Slice primary = { choice.at, choice.size > 2 && choice.at[2] == '-' ? 2 : choice.size };
        if (is(primary, "vi") && weight > vi)
            vi = weight;
        else if (is(primary, "en") && weight > en)
            en = weight;
    }
    return en > vi ? "en" : "vi";
}

bool accepts_encoding(const char *accept_encoding, const char *coding)
{
    int own = -1, star = 0, weight;
    Slice choice;
    for (const char *at = text_or(accept_encoding, ""); next_choice(&at, &choice, &weight);) {
        if (is(choice, coding))
            own = weight;
        else if (is(choice, "*"))
            star = weight;
    }
    return (own < 0 ? star : own) > 0;
}

/* ---- The rest ---- */

const char *cookie_in(const char *cookies, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = cookies; at && *at;) {
        at += strspn(at, " \t;");
        size_t size = strcspn(at, ";");
        if (size > n && at[n] == '=' && memcmp(at, name, n) == 0) {
            const char *value = at + n + 1;
            size -= n + 1;
            while (size && (value[size - 1] == ' ' || value[size - 1] == '\t'))
                size--;
            if (size >= 2 && value[0] == '"' && value[size - 1] == '"')
                return text_copy_n(value + 1, size - 2);
            return text_copy_n(value, size);
        }
        at += size;
    }
    return NULL;
}

/* A trace has no secret to keep: a generator of this thread (SplitMix64, from a random start) spares the lock
 * of the system's. */
static uint64_t next_random(void)
{
    static _Thread_local uint64_t state;
    if (!state)
        random_bytes(&state, sizeof state);
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* traceparent: 00-<32 hex>-<16 hex>-<2 hex> (W3C Trace Context §3.2); else a new one. */
const char *trace_from(const char *traceparent)
{
    static const char hex[] = "0123456789abcdef";
    if (traceparent && strspn(traceparent, hex) == 2 && traceparent[2] == '-' &&
        strncmp(traceparent, "ff", 2) != 0 && strspn(traceparent + 3, hex) == 32 && traceparent[35] == '-' &&
        strspn(traceparent + 3, "0") < 32)
        return text_copy_n(traceparent + 3, 32);
    uint64_t id[2] = { next_random(), next_random() };
    return hex_encode(id, sizeof id);
}

bool etag_in(const char *list, const char *etag, bool weak)
{
    if (!list)
        return false;
    if (text_is(text_trim(list), "*"))
        return true;
    if (strncmp(etag, "W/", 2) == 0) {
        if (!weak)
            return false;
        etag += 2;
    }
    for (const char *at = list; *at;) {
        at += strspn(at, " \t,");
        bool is_weak = strncmp(at, "W/", 2) == 0;
        at += is_weak ? 2 : 0;
        size_t n = *at == '"' ? strcspn(at + 1, "\"") + 2 : strcspn(at, ",");
        if ((weak || !is_weak) && n == strlen(etag) && strncmp(at, etag, n) == 0)
            return true;
        for (size_t i = 0; i < n && *at; i++)
            at++;
    }
    return false;
}
