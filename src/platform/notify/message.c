/* A mail as bytes: RFC 5322 header, UTF-8 subject as RFC 2047 encoded words, plain text in base64 (RFC 2045).
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/notify/mail.h"

#include <string.h>

enum {
    WORD_BYTES = 45,
    LINE_BYTES = 57,
    LONG_NUMBER = 9,
    SHOWN_DIGITS = 3
}; /* 45 bytes are 60 of base64, 57 are 76 */

bool mail_address_fit(const char *address)
{
    const char *at = strchr(address, '@');
    if (!at || at == address || !strchr(at, '.') || strchr(at + 1, '@') || strlen(address) > 254)
        return false;
    for (const unsigned char *c = (const unsigned char *)address; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("<>()[]\\,;:\"", *c))
            return false;
    return true;
}

/* As many bytes of a text as fit into `most` without halving a character. */
static size_t piece(const char *text, size_t most)
{
    size_t size = strlen(text);
    if (size > most)
        for (size = most; size && ((unsigned char)text[size] & 0xc0) == 0x80;)
            size--;
    return size;
}

static void add_subject(Buf *out, const char *subject)
{
    const char *start = "Subject: ";
    for (size_t n; *subject; subject += n, start = "\r\n ") {
        n = piece(subject, WORD_BYTES);
        buf_fmt(out, "%s=?UTF-8?B?%s?=", start, base64_encode(subject, n));
    }
    buf_text(out, "\r\n");
}

static void add_date(Buf *out, int64_t ms)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    LocalTime t = local_time(ms);
    buf_fmt(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0700\r\n", days[t.weekday], t.day,
            months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

static void add_body(Buf *out, const char *body)
{
    const char *text = text_replace(text_replace(body, "\r\n", "\n"), "\n", "\r\n");
    for (size_t left = strlen(text), n; left; text += n, left -= n) {
        n = left < LINE_BYTES ? left : LINE_BYTES;
        buf_fmt(out, "%s\r\n", base64_encode(text, n));
    }
}

char *mail_message(const Mail *mail)
{
    Buf out = { 0 };
    buf_fmt(&out, "From: <%s>\r\nTo: <%s>\r\n", mail->from, mail->to);
    add_subject(&out, mail->subject);
    add_date(&out, mail->at);
    buf_fmt(&out, "Message-ID: <%s@%s>\r\n", mail->id, strchr(mail->from, '@') + 1);
    buf_text(
        &out,
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n");
    add_body(&out, mail->body);
    return (char *)buf_end(&out);
}

char *mail_without_numbers(const char *text)
{
    char *out = text_copy(text);
    for (char *at = out; *at;) {
        size_t digits = strspn(at, "0123456789");
        if (digits >= LONG_NUMBER)
            memset(at, '*', digits - SHOWN_DIGITS);
        at += digits ? digits : 1;
    }
    return out;
}
