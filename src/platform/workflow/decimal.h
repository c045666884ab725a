/* Decimal numbers of 34 digits, as FEEL's are (IEEE 754-2008 decimal128, round half even): 0.1 + 0.2 is 0.3.
 *
 * Written here because Clang has no _Decimal128 on this platform: coefficient × 10^exponent in a 128-bit
 * integer. */
#ifndef SEN_PLATFORM_DECIMAL_H
#define SEN_PLATFORM_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Decimal {
    unsigned __int128 digits; /* below 10^34 */
    int exponent;             /* -6176 .. 6111 */
    bool negative;
} Decimal;

Decimal decimal_from_int(int64_t value);
Decimal decimal_from_double(double value); /* the shortest decimal that reads back as this double */
/* A FEEL numeric literal ("12", "-0.5", ".5", "1e3"); false when it is not one, or out of range. */
bool decimal_parse(const char *text, size_t size, Decimal *out);

/* Each returns false when the result is out of range or undefined. */
bool decimal_add(Decimal a, Decimal b, Decimal *out);
bool decimal_subtract(Decimal a, Decimal b, Decimal *out);
bool decimal_multiply(Decimal a, Decimal b, Decimal *out);
bool decimal_divide(Decimal a, Decimal b, Decimal *out);
/* Whole exponents exactly rounded step by step; others through long double, good to about 18 digits. */
bool decimal_power(Decimal base, Decimal exponent, Decimal *out);

int decimal_compare(Decimal a, Decimal b);
Decimal decimal_negate(Decimal a);
Decimal decimal_floor(Decimal a);
Decimal decimal_ceiling(Decimal a);
bool decimal_to_int(Decimal a, int64_t *out); /* false unless whole and in range */
double decimal_to_double(Decimal a);
char *decimal_text(Decimal a); /* plain notation without trailing zeros, in the current arena */

#endif
