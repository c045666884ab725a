/* FEEL's arithmetic, comparison and membership (DMN 1.5 tables 44–57). Whatever does not fit is null. */
#include "base/clock.h"
#include "base/text.h"
#include "platform/workflow/feel_inside.h"

#include <string.h>

static bool unwrap(FeelValue *value)
{
    if (value->type == FEEL_LIST && value->list->count == 1)
        *value = *feel_item(*value, 0);
    return value->type != FEEL_NULL;
}

static FeelValue number_arithmetic(FeelOp op, Decimal a, Decimal b)
{
    typedef bool Operation(Decimal, Decimal, Decimal *);
    static Operation *const operations[] = { [OP_ADD] = decimal_add,
                                             [OP_SUBTRACT] = decimal_subtract,
                                             [OP_MULTIPLY] = decimal_multiply,
                                             [OP_DIVIDE] = decimal_divide,
                                             [OP_POWER] = decimal_power };
    Decimal result;
    return operations[op](a, b, &result) ? feel_number(result) : feel_null();
}

static FeelValue shifted(FeelType type, int64_t at, int64_t by, bool minus)
{
    int64_t sum;
    bool over = minus ? __builtin_sub_overflow(at, by, &sum) : __builtin_add_overflow(at, by, &sum);
    const int64_t most = 253402300799999; /* 9999-12-31T23:59:59.999Z */
    if (over || ((type == FEEL_DATETIME || type == FEEL_DAYS) && (sum > most || sum < -most)))
        return feel_null();
    return feel_at(type, sum);
}

static bool moment(FeelType type)
{
    return type == FEEL_DATE || type == FEEL_DATETIME;
}

static bool duration(FeelType type)
{
    return type == FEEL_DAYS || type == FEEL_MONTHS;
}

static int64_t instant(FeelValue v)
{
    return v.type == FEEL_DATE ? day_start(v.at) : v.at;
}

static FeelValue move(FeelValue from, FeelValue by, bool minus)
{
    if (by.type == FEEL_MONTHS)
        return feel_add_months(from, minus ? -by.at : by.at);
    if (from.type == FEEL_DATETIME)
        return shifted(FEEL_DATETIME, from.at, by.at, minus);
    FeelValue at = shifted(FEEL_DATETIME, day_start(from.at), by.at, minus); /* a date moves by whole days */
    return at.type == FEEL_NULL ? at : feel_at(FEEL_DATE, local_day(at.at));
}

static FeelValue scale(FeelOp op, FeelValue duration_value, Decimal by)
{
    FeelValue n = number_arithmetic(op, decimal_from_int(duration_value.at), by);
    int64_t whole;
    if (n.type == FEEL_NULL ||
        !decimal_to_int(n.number.negative ? decimal_ceiling(n.number) : decimal_floor(n.number), &whole))
        return feel_null();
    return shifted(duration_value.type, 0, whole, false);
}

static FeelValue time_arithmetic(FeelOp op, FeelValue a, FeelValue b)
{
    bool minus = op == OP_SUBTRACT, plus = op == OP_ADD;
    if (moment(a.type) && duration(b.type) && (plus || minus))
        return move(a, b, minus);
    if (duration(a.type) && moment(b.type) && plus)
        return move(b, a, false);
    if (moment(a.type) && moment(b.type) && minus)
        return shifted(FEEL_DAYS, instant(a), instant(b), true);
    if (duration(a.type) && a.type == b.type && (plus || minus))
        return shifted(a.type, a.at, b.at, minus);
    if (duration(a.type) && a.type == b.type && op == OP_DIVIDE && b.at)
        return number_arithmetic(OP_DIVIDE, decimal_from_int(a.at), decimal_from_int(b.at));
    if (duration(a.type) && b.type == FEEL_NUMBER && (op == OP_MULTIPLY || op == OP_DIVIDE))
        return scale(op, a, b.number);
    if (a.type == FEEL_NUMBER && duration(b.type))
        return op == OP_MULTIPLY ? scale(op, b, a.number)
               : minus           ? shifted(b.type, 0, b.at, true) /* 0 - duration: negation */
                                 : feel_null();
    return feel_null();
}

FeelValue feel_arithmetic(FeelOp op, FeelValue a, FeelValue b)
{
    if (!unwrap(&a) || !unwrap(&b))
        return feel_null();
    if (a.type == FEEL_NUMBER && b.type == FEEL_NUMBER)
        return number_arithmetic(op, a.number, b.number);
    if (a.type == FEEL_STRING && b.type == FEEL_STRING && op == OP_ADD)
        return strlen(a.text) + strlen(b.text) > 1024 * 1024 ? feel_null()
                                                             : feel_text(fmt("%s%s", a.text, b.text));
    return time_arithmetic(op, a, b);
}

static int sign(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

bool feel_compare(FeelValue a, FeelValue b, int *order)
{
    if (!unwrap(&a) || !unwrap(&b))
        return false;
    if (moment(a.type) && moment(b.type)) {
        *order = sign(instant(a), instant(b));
        return true;
    }
    if (a.type != b.type || (a.type != FEEL_NUMBER && a.type != FEEL_STRING && !duration(a.type)))
        return false;
    *order = a.type == FEEL_NUMBER   ? decimal_compare(a.number, b.number)
             : a.type == FEEL_STRING ? strcmp(a.text, b.text) /* UTF-8 order is code point order */
                                     : sign(a.at, b.at);
    return true;
}

static bool same(FeelValue a, FeelValue b)
{
    FeelValue is = feel_equal(a, b);
    return is.type == FEEL_BOOL && is.truth;
}

static bool same_contexts(const Map *a, const Map *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const FeelValue *other = map_get(b, a->entries[i].key);
        if (!other || !same(*(FeelValue *)a->entries[i].value, *other))
            return false;
    }
    return true;
}

static bool same_ranges(const FeelRange *a, const FeelRange *b)
{
    return a->low_closed == b->low_closed && a->high_closed == b->high_closed && same(a->low, b->low) &&
           same(a->high, b->high);
}

FeelValue feel_equal(FeelValue a, FeelValue b)
{
    int order;
    if (a.type == FEEL_NULL || b.type == FEEL_NULL)
        return feel_bool(a.type == b.type);
    if (a.type == FEEL_LIST && b.type == FEEL_LIST) {
        if (a.list->count != b.list->count)
            return feel_bool(false);
        for (size_t i = 0; i < a.list->count; i++)
            if (!same(*feel_item(a, i), *feel_item(b, i)))
                return feel_bool(false);
        return feel_bool(true);
    }
    unwrap(&a);
    unwrap(&b);
    if (a.type == FEEL_BOOL && b.type == FEEL_BOOL)
        return feel_bool(a.truth == b.truth);
    if (a.type == FEEL_CONTEXT && b.type == FEEL_CONTEXT)
        return feel_bool(same_contexts(a.context, b.context));
    if (a.type == FEEL_RANGE && b.type == FEEL_RANGE)
        return feel_bool(same_ranges(a.range, b.range));
    return feel_compare(a, b, &order) ? feel_bool(order == 0) : feel_null();
}

FeelValue feel_test(FeelOp op, FeelValue a, FeelValue b)
{
    int order;
    if (op == OP_EQUAL || op == OP_NOT_EQUAL) {
        FeelValue is = feel_equal(a, b);
        return is.type == FEEL_BOOL ? feel_bool(is.truth == (op == OP_EQUAL)) : is;
    }
    if (!feel_compare(a, b, &order))
        return feel_null();
    return feel_bool(op == OP_LESS         ? order < 0
                     : op == OP_LESS_EQUAL ? order <= 0
                     : op == OP_GREATER    ? order > 0
                                           : order >= 0);
}

static FeelValue in_range(FeelValue item, const FeelRange *range)
{
    int low, high;
    if (!feel_compare(item, range->low, &low) || !feel_compare(item, range->high, &high))
        return feel_null();
    return feel_bool((range->low_closed ? low >= 0 : low > 0) && (range->high_closed ? high <= 0 : high < 0));
}

FeelValue feel_contains(FeelValue item, FeelValue what)
{
    if (what.type == FEEL_RANGE)
        return in_range(item, what.range);
    if (what.type != FEEL_LIST)
        return feel_equal(item, what);
    for (size_t i = 0; i < what.list->count; i++) {
        FeelValue part = *feel_item(what, i);
        FeelValue is = part.type == FEEL_RANGE ? in_range(item, part.range) : feel_equal(item, part);
        if (is.type == FEEL_BOOL && is.truth)
            return is;
    }
    return feel_bool(item.type == FEEL_LIST && same(item, what));
}
