/* Numbers that people and enterprises are known by: what can be said about them from their digits alone. */
#include "platform/identity/identity.h"
#include "platform/identity/csv.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

/* Which codes of digits 1-3 and of digit 4 there are; written once. */
static bool provinces[1000], centuries[10];
static pthread_once_t codes_once = PTHREAD_ONCE_INIT;

static void load_codes(void)
{
    Arena *arena = arena_new(0), *before = arena_use(arena);
    Json rows = csv_asset("data/personal-id-codes.csv");
    json_each (rows, i, row) {
        int64_t code = json_int(row, "code");
        if (text_is(json_str(row, "kind"), "province") && code >= 0 && code < 1000)
            provinces[code] = true;
        if (text_is(json_str(row, "kind"), "century_sex") && code >= 0 && code < 10)
            centuries[code] = true;
    }
    arena_use(before);
    arena_free(arena);
}

static bool all_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return true;
}

static int digits(const char *text, int count)
{
    int value = 0;
    while (count--)
        value = value * 10 + (*text++ - '0');
    return value;
}

/* Circular 07/2016/TT-BCA: province of birth registration, century and sex, year of birth, six random digits.
 * There is no check digit, so this tells a slip of the hand, never that the number was given to anybody. */
bool personal_number_valid(const char *number)
{
    if (!number || strlen(number) != 12 || !all_digits(number, 12))
        return false;
    pthread_once(&codes_once, load_codes);
    int born = 1900 + digits(number + 3, 1) / 2 * 100 + digits(number + 4, 2);
    return provinces[digits(number, 3)] && centuries[digits(number + 3, 1)] &&
           born <= local_time(now_ms()).year;
}

/* c = 10 − (31a₁+29a₂+23a₃+19a₄+17a₅+13a₆+7a₇+5a₈+3a₉) mod 11; numbers for which c would be 10 are never
 * issued. */
static bool check_digit_holds(const char *code)
{
    static const int weights[9] = { 31, 29, 23, 19, 17, 13, 7, 5, 3 };
    int sum = 0;
    for (int i = 0; i < 9; i++)
        sum += weights[i] * (code[i] - '0');
    return 10 - sum % 11 == code[9] - '0';
}

bool tax_code_valid(const char *code)
{
    size_t n = code ? strlen(code) : 0;
    if (n == 12)
        return personal_number_valid(code);
    if (n == 14 && (code[10] != '-' || !all_digits(code + 11, 3)))
        return false;
    return (n == 10 || n == 14) && all_digits(code, 10) && check_digit_holds(code);
}
