/* Numbers, money and dates as people here write them: 1.234,5 · 20.000 đ · 21/11/2026. English differs in the
 * point and the comma only; dates keep the order day, month, year, because that is what stands on the paper
 * beside the screen. */
#include "platform/view/view.h"
#include "platform/view/filters.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

typedef struct Marks {
    char group, point;
} Marks;

static Marks marks_of(const char *lang)
{
    return text_is(lang, "en") ? (Marks){ ',', '.' } : (Marks){ '.', ',' };
}

/* Groups of three in front of the point. */
static void write_grouped(Buf *out, const char *digits, size_t count, char mark)
{
    for (size_t i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0)
            buf_char(out, mark);
        buf_char(out, digits[i]);
    }
}

/* `decimals` ≥ 0: exactly so many; < 0: at most so many, without zeros at the end. */
char *show_number(const char *lang, double value, int decimals)
{
    if (!isfinite(value))
        return text_copy("–");
    Marks marks = marks_of(lang);
    char *plain = fmt("%.*f", decimals < 0 ? -decimals : decimals, fabs(value));
    char *point = strchr(plain, '.'), *end = plain + strlen(plain);
    while (decimals < 0 && point && end > point && (end[-1] == '0' || end[-1] == '.'))
        *--end = '\0';
    if (point && !*point)
        point = NULL;
    Buf out = { 0 };
    if (value < 0 && strspn(plain, "0.") < strlen(plain))
        buf_char(&out, '-');
    write_grouped(&out, plain, point ? (size_t)(point - plain) : strlen(plain), marks.group);
    if (point) {
        buf_char(&out, marks.point);
        buf_text(&out, point + 1);
    }
    return out.at;
}

char *show_money(const char *lang, int64_t vnd)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu",
             vnd < 0 ? 0ull - (unsigned long long)vnd : (unsigned long long)vnd);
    Buf out = { 0 };
    if (vnd < 0)
        buf_char(&out, '-');
    write_grouped(&out, digits, strlen(digits), marks_of(lang).group);
    buf_text(&out, " đ");
    return out.at;
}

char *show_percent(const char *lang, double ratio)
{
    return fmt("%s%s", show_number(lang, ratio * 100, -1), text_is(lang, "en") ? "%" : " %");
}

char *show_date(const char *lang, int64_t ms)
{
    (void)lang;
    return date_vi(ms);
}

char *show_time(const char *lang, int64_t ms)
{
    (void)lang;
    LocalTime t = local_time(ms);
    return fmt("%02d:%02d", t.hour, t.minute);
}

char *show_datetime(const char *lang, int64_t ms)
{
    (void)lang;
    return time_vi(ms);
}

/* ---- Amounts in words ----
 * How numbers are read in Vietnamese: groups of three digits, each with the name of its power (nghìn, triệu,
 * tỷ; above a thousand million the whole is read again in front of "tỷ"). Inside a group behind a read one, a
 * missing hundred is read "không trăm" and a missing ten "linh" (in the south also "lẻ"). 1 is "mốt", 4 is
 * "tư" and 5 is "lăm" behind "mươi"; 10 is "mười", and 5 is "lăm" behind it too. */
static const char *const digit_words[] = { "không", "một", "hai", "ba",  "bốn",
                                           "năm",   "sáu", "bảy", "tám", "chín" };

static void add_word(Buf *out, const char *word)
{
    if (out->size)
        buf_char(out, ' ');
    buf_text(out, word);
}

static const char *last_digit(int tens, int ones)
{
    if (ones == 5 && tens >= 1)
        return "lăm";
    if (ones == 1 && tens >= 2)
        return "mốt";
    if (ones == 4 && tens >= 2)
        return "tư";
    return digit_words[ones];
}

/* 0..999; `full`: something was read before it, so hundreds are named even when there are none. */
static void read_group(Buf *out, int n, bool full)
{
    int hundreds = n / 100, tens = n / 10 % 10, ones = n % 10;
    if (hundreds || full) {
        add_word(out, digit_words[hundreds]);
        add_word(out, "trăm");
    }
    if (tens == 1) {
        add_word(out, "mười");
    } else if (tens) {
        add_word(out, digit_words[tens]);
        add_word(out, "mươi");
    } else if (ones && (hundreds || full)) {
        add_word(out, "linh");
    }
    if (ones)
        add_word(out, last_digit(tens, ones));
}

static void read_number(Buf *out, uint64_t n, bool full)
{
    static const struct {
        uint64_t value;
        const char *name;
    } powers[] = { { 1000000, "triệu" }, { 1000, "nghìn" }, { 1, NULL } };
    if (n >= 1000000000) {
        read_number(out, n / 1000000000, full);
        add_word(out, "tỷ");
        n %= 1000000000;
        full = true;
    }
    for (size_t i = 0; i < 3; i++) {
        int group = (int)(n / powers[i].value % 1000);
        if (!group)
            continue;
        read_group(out, group, full);
        if (powers[i].name)
            add_word(out, powers[i].name);
        full = true;
    }
}

char *money_in_words(int64_t vnd)
{
    Buf out = { 0 };
    if (vnd < 0)
        add_word(&out, "âm");
    if (vnd)
        read_number(&out, vnd < 0 ? 0 - (uint64_t)vnd : (uint64_t)vnd, false);
    else
        add_word(&out, "không");
    add_word(&out, "đồng");
    return out.at;
}
