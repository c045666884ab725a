/* The default template of spec 03 §4.1: unique in the country because the agency's code is; the sequence
 * starts again each day, gaps are allowed, repetition never (table prc_sequence). Codes given before
 * 2025-09-15 keep their old form and are still read. */
#include "solutions/procedures/codes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

char *dossier_code(const char *agency, int64_t at, int64_t sequence)
{
    LocalTime t = local_time(at);
    return fmt("%s-%04d%02d%02d-%07lld", agency, t.year, t.month, t.day, (long long)sequence);
}

static bool digits(const char *text, size_t count)
{
    return strlen(text) == count && strspn(text, "0123456789") == count;
}

/* An agency's code: letters, digits and dots, beginning and ending with a letter or digit. */
static bool agency_code(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (!isupper((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && text[i] != '.')
            return false;
    return n >= 3 && text[0] != '.' && text[n - 1] != '.' && !strstr(text, "..");
}

/* "20261120" or "181220"; the day must exist. */
static bool parse_day(const char *text, int64_t *day)
{
    const char *whole = strlen(text) == 6 ? fmt("20%s", text) : text;
    int64_t at;
    if (!digits(whole, 8) || !time_parse(fmt("%.4s-%.2s-%.2s", whole, whole + 4, whole + 6), &at))
        return false;
    *day = local_day(at);
    return true;
}

bool dossier_code_parse(const char *code, DossierCode *out)
{
    size_t count;
    char **part = text_split(code, '-', &count);
    if (count != 3 || !agency_code(part[0]) || !parse_day(part[1], &out->day))
        return false;
    out->legacy = strlen(part[1]) == 6;
    out->agency = part[0];
    return digits(part[2], out->legacy ? 4 : 7) && text_int(part[2], 1, 9999999, &out->sequence);
}

bool procedure_code_valid(const char *code)
{
    return strlen(code) == 8 && isdigit((unsigned char)code[0]) && code[1] == '.' && digits(code + 2, 6);
}

char *check_word(const void *key, size_t key_size, const char *code)
{
    unsigned char mac[SHA256_SIZE];
    hmac_sha256(key, key_size, code, strlen(code), mac);
    return base32_encode(mac, 5);
}
