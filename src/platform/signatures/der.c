/* Certificates and signatures are made of few shapes; writing them directly keeps the key outside of OpenSSL,
 * which would like to hold it. */
#include "platform/signatures/der.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void length(Buf *out, size_t size)
{
    unsigned char bytes[9];
    int n = 0;
    if (size < 128) {
        buf_char(out, (char)size);
        return;
    }
    for (size_t rest = size; rest; rest >>= 8)
        bytes[8 - n++] = (unsigned char)rest;
    buf_char(out, (char)(0x80 | n));
    buf_add(out, bytes + 9 - n, (size_t)n);
}

void der(Buf *out, int tag, const void *content, size_t size)
{
    buf_char(out, (char)tag);
    length(out, size);
    buf_add(out, content, size);
}

void der_wrap(Buf *out, int tag, const Buf *content)
{
    der(out, tag, content->at, content->size);
}

static void base128(Buf *out, uint64_t value)
{
    unsigned char digits[10];
    int n = 0;
    do
        digits[n++] = value & 127;
    while (value >>= 7);
    while (n-- > 0)
        buf_char(out, (char)(digits[n] | (n ? 128 : 0)));
}

void der_oid(Buf *out, const char *dotted)
{
    Buf content = { 0 };
    char *end;
    uint64_t first = strtoull(dotted, &end, 10), second = strtoull(end + 1, &end, 10);
    base128(&content, first * 40 + second);
    while (*end == '.')
        base128(&content, strtoull(end + 1, &end, 10));
    der_wrap(out, 0x06, &content);
}

void der_number(Buf *out, const unsigned char *bytes, size_t size)
{
    Buf content = { 0 };
    while (size > 1 && !*bytes) {
        bytes++;
        size--;
    }
    if (*bytes & 0x80)
        buf_char(&content, 0);
    buf_add(&content, bytes, size);
    der_wrap(out, DER_INTEGER, &content);
}

void der_int(Buf *out, int64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
    der_number(out, bytes, 8);
}

void der_null(Buf *out)
{
    der(out, 0x05, "", 0);
}

void der_true(Buf *out)
{
    der(out, 0x01, "\xff", 1);
}

void der_bits(Buf *out, const void *bytes, size_t size)
{
    Buf content = { 0 };
    buf_char(&content, 0);
    buf_add(&content, bytes, size);
    der_wrap(out, DER_BITS, &content);
}

void der_time(Buf *out, int64_t ms)
{
    LocalTime t = local_time(ms - 7 * HOUR_MS); /* civil time in UTC */
    const char *rest = fmt("%02d%02d%02d%02d%02dZ", t.month, t.day, t.hour, t.minute, t.second);
    const char *text = t.year < 2050 ? fmt("%02d%s", t.year % 100, rest) : fmt("%04d%s", t.year, rest);
    der(out, t.year < 2050 ? 0x17 : 0x18, text, strlen(text));
}

static const char SHA256_OID[] = "2.16.840.1.101.3.4.2.1";

void der_sha256(Buf *out)
{
    Buf inner = { 0 };
    der_oid(&inner, SHA256_OID);
    der_null(&inner);
    der_wrap(out, DER_SEQUENCE, &inner);
}

/* RSASSA-PSS-params: SHA-256, MGF1 with SHA-256, salt of 32 bytes, trailer by default. */
static void pss_parameters(Buf *out)
{
    Buf inner = { 0 }, hash = { 0 }, mask = { 0 }, mask_inner = { 0 }, salt = { 0 };
    der_sha256(&hash);
    der_oid(&mask_inner, "1.2.840.113549.1.1.8");
    der_sha256(&mask_inner);
    der_wrap(&mask, DER_SEQUENCE, &mask_inner);
    der_int(&salt, 32);
    der_wrap(&inner, DER_CONTEXT + 0, &hash);
    der_wrap(&inner, DER_CONTEXT + 1, &mask);
    der_wrap(&inner, DER_CONTEXT + 2, &salt);
    der_wrap(out, DER_SEQUENCE, &inner);
}

void der_sign_algorithm(Buf *out, bool pss)
{
    Buf inner = { 0 };
    der_oid(&inner, pss ? "1.2.840.113549.1.1.10" : "1.2.840.113549.1.1.11");
    if (pss)
        pss_parameters(&inner);
    else
        der_null(&inner);
    der_wrap(out, DER_SEQUENCE, &inner);
}

bool der_read(const unsigned char *at, size_t room, DerItem *item)
{
    size_t head = 2, size;
    if (room < 2 || (at[0] & 0x1f) == 0x1f)
        return false;
    size = at[1];
    if (size & 0x80) {
        size_t n = size & 0x7f;
        if (n == 0 || n > 4 || room < 2 + n)
            return false;
        size = 0;
        for (size_t i = 0; i < n; i++)
            size = size << 8 | at[2 + i];
        head += n;
    }
    if (size > room - head)
        return false;
    *item = (DerItem){ at[0], at, at + head, head + size, size };
    return true;
}
