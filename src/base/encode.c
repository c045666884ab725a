/* Hexadecimal, base32 and base64 (RFC 4648), percent-encoding (RFC 3986), HTML. */
#include "base/text.h"
#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

char *hex_encode(const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;
    char *out = alloc(2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    return out;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *text, void *out, size_t size)
{
    unsigned char *bytes = out;
    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* Both base32 and base64 take `bits` at a time from the front; what is left over is filled with zero bits. */
static char *encode_bits(const void *bytes, size_t size, unsigned bits, const char *alphabet)
{
    const unsigned char *in = bytes;
    char *out = alloc((size * 8 + bits - 1) / bits + 4), *at = out;
    unsigned held = 0, count = 0;
    for (size_t i = 0; i < size; i++) {
        held = held << 8 | in[i];
        count += 8;
        while (count >= bits) {
            count -= bits;
            *at++ = alphabet[held >> count & ((1u << bits) - 1)];
        }
        held &= (1u << count) - 1;
    }
    if (count)
        *at++ = alphabet[held << (bits - count) & ((1u << bits) - 1)];
    return out;
}

char *base32_encode(const void *bytes, size_t size)
{
    return encode_bits(bytes, size, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

char *base64url_encode(const void *bytes, size_t size)
{
    return encode_bits(bytes, size, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

char *base64_encode(const void *bytes, size_t size)
{
    char *out =
        encode_bits(bytes, size, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t n = strlen(out); /* encode_bits leaves room for the padding */
    while (n % 4)
        out[n++] = '=';
    return out;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

void *base64_decode(const char *text, size_t *size)
{
    size_t n = strlen(text);
    while (n && text[n - 1] == '=' && strlen(text) - n < 2)
        n--;
    if (n % 4 == 1)
        return NULL;
    unsigned char *out = alloc(n * 3 / 4 + 1), *at = out;
    unsigned held = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return NULL;
        held = (held << 6 | (unsigned)value) & 0xffffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *at++ = (unsigned char)(held >> count);
        }
    }
    *size = (size_t)(at - out);
    return out;
}

char *url_encode(const char *text)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    Buf out = { 0 };
    for (; *text; text++) {
        if (strchr(kept, *text))
            buf_char(&out, *text);
        else
            buf_fmt(&out, "%%%02X", (unsigned char)*text);
    }
    return (char *)buf_end(&out);
}

char *url_decode(const char *text, size_t size, bool form)
{
    char *out = alloc(size + 1), *at = out;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '%') {
            bool whole = size - i > 2;
            int high = whole ? hex_value(text[i + 1]) : -1, low = whole ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            *at++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *at++ = form && text[i] == '+' ? ' ' : text[i];
        }
    }
    return utf8_valid(out, (size_t)(at - out)) ? out : NULL;
}

char *html_escape(const char *text)
{
    Buf out = { 0 };
    buf_html(&out, text);
    return (char *)buf_end(&out);
}
