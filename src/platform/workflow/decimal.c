/* decimal.h over unsigned __int128, which holds 38 digits: room for three guard digits beyond the 34 that
 * count. What is cut off is remembered as one sticky digit, so that rounding half to even is exact in every
 * operation. */
#include "platform/workflow/decimal.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 Wide;

enum { DIGITS = 34, GUARDED = 37, LEAST_EXPONENT = -6176, MOST_EXPONENT = 6111 };

static Wide power_of_ten(int n)
{
    Wide p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

static int count_digits(Wide n)
{
    int count = 0;
    for (; n; n /= 10)
        count++;
    return count;
}

/* Cuts `drop` digits off, rounding half to even; `sticky`: something non-zero was cut off before. */
static Wide round_off(Wide n, int drop, bool sticky)
{
    if (drop <= 0)
        return n;
    if (drop > 38)
        return 0;
    Wide unit = power_of_ten(drop), rest = n % unit, half = unit / 2;
    n /= unit;
    if (rest > half || (rest == half && (sticky || n % 2 == 1)))
        n++;
    return n;
}

static bool finish(Wide digits, int exponent, bool negative, bool sticky, Decimal *out)
{
    int drop = count_digits(digits) - DIGITS;
    if (drop > 0) {
        digits = round_off(digits, drop, sticky);
        exponent += drop;
        if (digits == power_of_ten(DIGITS)) {
            digits /= 10;
            exponent++;
        }
    }
    while (exponent > MOST_EXPONENT && digits && count_digits(digits) < DIGITS) {
        digits *= 10;
        exponent--;
    }
    if (exponent < LEAST_EXPONENT) {
        digits = round_off(digits, LEAST_EXPONENT - exponent, sticky);
        exponent = LEAST_EXPONENT;
    }
    if (!digits)
        exponent = 0;
    *out = (Decimal){ digits, exponent, negative && digits };
    return exponent <= MOST_EXPONENT;
}

static Decimal stripped(Decimal a)
{
    while (a.digits && a.digits % 10 == 0) {
        a.digits /= 10;
        a.exponent++;
    }
    return a;
}

Decimal decimal_from_int(int64_t value)
{
    bool negative = value < 0;
    return (Decimal){ negative ? (Wide)0 - (Wide)value : (Wide)value, 0, negative };
}

Decimal decimal_from_double(double value)
{
    char text[40];
    Decimal out = { 0 };
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    decimal_parse(text, strlen(text), &out);
    return out;
}

/* The digits of a literal; those past the 37th only make it sticky. */
static size_t read_digits(const char *text, size_t size, Wide *digits, int *exponent, bool *sticky, bool *any)
{
    size_t i = 0;
    bool fraction = false;
    for (; i < size; i++) {
        if (text[i] == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9')
            break;
        *any = true;
        if (count_digits(*digits) < GUARDED) {
            *digits = *digits * 10 + (Wide)(text[i] - '0');
            *exponent -= fraction;
        } else {
            *sticky |= text[i] != '0';
            *exponent += !fraction;
        }
    }
    return i;
}

bool decimal_parse(const char *text, size_t size, Decimal *out)
{
    bool negative = size && text[0] == '-', sticky = false, any = false;
    Wide digits = 0;
    int exponent = 0;
    size_t i = negative;
    i += read_digits(text + i, size - i, &digits, &exponent, &sticky, &any);
    if (!any)
        return false;
    if (i < size && (text[i] == 'e' || text[i] == 'E')) {
        bool minus = ++i < size && text[i] == '-';
        int e = 0;
        i += i < size && (text[i] == '-' || text[i] == '+');
        if (i == size)
            return false;
        for (; i < size && text[i] >= '0' && text[i] <= '9'; i++)
            e = e < 100000 ? e * 10 + (text[i] - '0') : e;
        exponent += minus ? -e : e;
    }
    return i == size && finish(digits, exponent, negative, sticky, out);
}

bool decimal_add(Decimal a, Decimal b, Decimal *out)
{
    if (!a.digits || !b.digits) {
        *out = a.digits ? a : b;
        return true;
    }
    if (a.exponent < b.exponent) {
        Decimal swap = a;
        a = b;
        b = swap;
    }
    int gap = a.exponent - b.exponent, lift = GUARDED - count_digits(a.digits);
    if (lift > gap)
        lift = gap;
    a.digits *= power_of_ten(lift);
    gap -= lift;
    bool sticky = false;
    if (gap > 0) {
        Wide unit = gap > 38 ? 0 : power_of_ten(gap);
        sticky = unit ? b.digits % unit != 0 : true;
        b.digits = unit ? b.digits / unit : 0;
    }
    int exponent = a.exponent - lift;
    if (a.negative == b.negative)
        return finish(a.digits + b.digits, exponent, a.negative, sticky, out);
    if (a.digits >=
        b.digits + sticky) /* what was cut off b belongs to the difference: one less, and sticky */
        return finish(a.digits - b.digits - sticky, exponent, a.negative, sticky, out);
    return finish(b.digits - a.digits, exponent, b.negative, sticky, out);
}

Decimal decimal_negate(Decimal a)
{
    a.negative = !a.negative && a.digits;
    return a;
}

bool decimal_subtract(Decimal a, Decimal b, Decimal *out)
{
    return decimal_add(a, decimal_negate(b), out);
}

/* Schoolbook with two halves of 17 digits: the product is high × 10^34 + low. */
bool decimal_multiply(Decimal a, Decimal b, Decimal *out)
{
    const Wide half = power_of_ten(17), whole = power_of_ten(34);
    Wide a1 = a.digits / half, a0 = a.digits % half, b1 = b.digits / half, b0 = b.digits % half;
    Wide middle = a1 * b0 + a0 * b1, low = a0 * b0 + middle % half * half;
    Wide high = a1 * b1 + middle / half + low / whole;
    int exponent = a.exponent + b.exponent;
    bool negative = a.negative != b.negative;
    low %= whole;
    if (!high)
        return finish(low, exponent, negative, false, out);
    int drop =
        count_digits(high) - (GUARDED - DIGITS); /* keep three guard digits, or fewer when high is short */
    if (drop < 0)
        drop = 0;
    Wide unit = power_of_ten(drop);
    return finish(high * power_of_ten(DIGITS - drop) + low / unit, exponent + drop, negative, low % unit != 0,
                  out);
}

/* Long division, digit by digit, to 36 digits and a sticky rest. */
bool decimal_divide(Decimal a, Decimal b, Decimal *out)
{
    if (!b.digits)
        return false;
    Wide quotient = a.digits / b.digits, rest = a.digits % b.digits;
    int exponent = a.exponent - b.exponent;
    while (rest && count_digits(quotient) < GUARDED - 1) {
        rest *= 10;
        quotient = quotient * 10 + rest / b.digits;
        rest %= b.digits;
        exponent--;
    }
    return finish(quotient, exponent, a.negative != b.negative, rest != 0, out);
}

static bool power_whole(Decimal base, int64_t n, Decimal *out)
{
    Decimal result = decimal_from_int(1);
    bool invert = n < 0;
    for (uint64_t k = invert ? (uint64_t)0 - (uint64_t)n : (uint64_t)n; k; k >>= 1) {
        if (k & 1 && !decimal_multiply(result, base, &result))
            return false;
        if (k > 1 && !decimal_multiply(base, base, &base))
            return false;
    }
    *out = result;
    return !invert || decimal_divide(decimal_from_int(1), result, out);
}

bool decimal_power(Decimal base, Decimal exponent, Decimal *out)
{
    int64_t n;
    if (decimal_to_int(exponent, &n))
        return n > -100000 && n < 100000 && power_whole(base, n, out);
    char text[64];
    long double value = powl((long double)decimal_to_double(base), (long double)decimal_to_double(exponent));
    if (!isfinite(value))
        return false;
    snprintf(text, sizeof text, "%.18Lg", value);
    return decimal_parse(text, strlen(text), out);
}

int decimal_compare(Decimal a, Decimal b)
{
    Decimal difference;
    if (!decimal_subtract(a, b, &difference)) /* only the largest of opposite signs overflow */
        return a.negative ? -1 : 1;
    return !difference.digits ? 0 : difference.negative ? -1 : 1;
}

/* Towards zero; *rest says whether something was cut off. */
static Decimal truncated(Decimal a, bool *rest)
{
    *rest = false;
    if (a.exponent >= 0)
        return a;
    Wide unit = -a.exponent > DIGITS ? 0 : power_of_ten(-a.exponent);
    *rest = unit ? a.digits % unit != 0 : a.digits != 0;
    Wide whole = unit ? a.digits / unit : 0;
    return (Decimal){ whole, 0, a.negative && whole };
}

Decimal decimal_floor(Decimal a)
{
    bool rest;
    Decimal whole = truncated(a, &rest);
    if (rest && a.negative)
        decimal_subtract(whole, decimal_from_int(1), &whole);
    return whole;
}

Decimal decimal_ceiling(Decimal a)
{
    return decimal_negate(decimal_floor(decimal_negate(a)));
}

bool decimal_to_int(Decimal a, int64_t *out)
{
    a = stripped(a);
    if (a.digits && (a.exponent < 0 || a.exponent > 18 || count_digits(a.digits) + a.exponent > 19))
        return false;
    Wide n = a.digits * power_of_ten(a.digits ? a.exponent : 0);
    if (n > (Wide)INT64_MAX)
        return false;
    *out = a.negative ? -(int64_t)n : (int64_t)n;
    return true;
}

char *decimal_text(Decimal a)
{
    char reversed[48], *sign = a.negative ? "-" : "";
    int count = 0;
    a = stripped(a);
    for (Wide n = a.digits; n || !count; n /= 10)
        reversed[count++] = (char)('0' + (int)(n % 10));
    char digits[48] = "";
    for (int i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    if (!a.digits)
        return fmt("0");
    if (a.exponent > 40 || a.exponent + count < -40)
        return fmt("%s%c%s%sE%+d", sign, digits[0], count > 1 ? "." : "", digits + 1, a.exponent + count - 1);
    if (a.exponent >= 0)
        return fmt("%s%s%.*s", sign, digits, a.exponent, "0000000000000000000000000000000000000000");
    int whole = count + a.exponent;
    if (whole <= 0)
        return fmt("%s0.%.*s%s", sign, -whole, "0000000000000000000000000000000000000000", digits);
    return fmt("%s%.*s.%s", sign, whole, digits, digits + whole);
}

double decimal_to_double(Decimal a)
{
    return strtod(decimal_text(a), NULL);
}
