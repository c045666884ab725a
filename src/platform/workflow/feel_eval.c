/* The evaluator: walks the tree. Every visit costs one step of the budget; when it is used up, everything is
 * null. */
#include "base/arena.h"
#include "base/text.h"
#include "platform/workflow/feel_inside.h"

#include <math.h>
#include <string.h>

enum { STEP_BUDGET = 1000000 };

/* ---- Values ---- */

FeelValue feel_null(void)
{
    return (FeelValue){ .type = FEEL_NULL };
}

FeelValue feel_bool(bool truth)
{
    return (FeelValue){ .type = FEEL_BOOL, .truth = truth };
}

FeelValue feel_number(Decimal number)
{
    return (FeelValue){ .type = FEEL_NUMBER, .number = number };
}

FeelValue feel_int(int64_t number)
{
    return feel_number(decimal_from_int(number));
}

FeelValue feel_text(const char *text)
{
    return text ? (FeelValue){ .type = FEEL_STRING, .text = text } : feel_null();
}

FeelValue feel_at(FeelType type, int64_t at)
{
    return (FeelValue){ .type = type, .at = at };
}

FeelValue feel_list(void)
{
    return (FeelValue){ .type = FEEL_LIST, .list = alloc(sizeof(Vec)) };
}

static FeelValue *boxed(FeelValue value)
{
    FeelValue *box = alloc(sizeof *box);
    *box = value;
    return box;
}

void feel_list_add(FeelValue list, FeelValue item)
{
    vec_add(list.list, boxed(item));
}

const FeelValue *feel_item(FeelValue list, size_t index)
{
    return list.list->items[index];
}

FeelValue feel_as_list(FeelValue value)
{
    if (value.type == FEEL_LIST)
        return value;
    FeelValue list = feel_list();
    if (value.type != FEEL_NULL)
        feel_list_add(list, value);
    return list;
}

FeelValue feel_from_json(Json json)
{
    const char *key;
    Json member;
    if (json_is_boolean(json))
        return feel_bool(json_is_true(json));
    if (json_is_integer(json))
        return feel_int(json_integer_value(json));
    if (json_is_real(json))
        return feel_number(decimal_from_double(json_real_value(json)));
    if (json_is_string(json))
        return feel_text(json_string_value(json));
    if (json_is_array(json)) {
        FeelValue list = feel_list();
        json_each (json, i, item)
            feel_list_add(list, feel_from_json(item));
        return list;
    }
    if (json_is_object(json)) {
        FeelValue context = { .type = FEEL_CONTEXT, .context = alloc(sizeof(Map)) };
        json_object_foreach (json, key, member)
            map_put(context.context, key, boxed(feel_from_json(member)));
        return context;
    }
    return feel_null();
}

/* Beyond what a double holds there is no JSON number. */
static Json real_or_null(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

Json feel_to_json(FeelValue value)
{
    int64_t whole;
    switch (value.type) {
    case FEEL_NULL:
    case FEEL_RANGE:
        return json_null();
    case FEEL_BOOL:
        return json_boolean(value.truth);
    case FEEL_NUMBER:
        return decimal_to_int(value.number, &whole) ? json_integer(whole)
                                                    : real_or_null(decimal_to_double(value.number));
    case FEEL_LIST: {
        Json list = json_list();
        for (size_t i = 0; i < value.list->count; i++)
            json_add(list, feel_to_json(*feel_item(value, i)));
        return list;
    }
    case FEEL_CONTEXT: {
        Json object = json_new();
        for (size_t i = 0; i < value.context->count; i++)
            json_set(object, value.context->entries[i].key,
                     feel_to_json(*(FeelValue *)value.context->entries[i].value));
        return object;
    }
    default:
        return json_string(feel_string(value));
    }
}

/* ---- Names, paths, filters ---- */

static FeelValue look_up(FeelRun *run, const char *name)
{
    for (const FeelLocal *local = run->locals; local; local = local->outer) {
        FeelValue *member;
        if (local->name && text_is(local->name, name))
            return local->value;
        if (!local->name && local->value.type == FEEL_CONTEXT &&
            (member = map_get(local->value.context, name)))
            return *member;
    }
    return feel_from_json(json_object_get(run->variables, name));
}

/* Over a list, a path is taken of every item. */
static FeelValue path(FeelRun *run, FeelValue value, const char *name)
{
    if (value.type == FEEL_CONTEXT) {
        FeelValue *member = map_get(value.context, name);
        return member ? *member : feel_null();
    }
    if (value.type != FEEL_LIST)
        return feel_member(value, name);
    FeelValue list = feel_list();
    for (size_t i = 0; i < value.list->count && run->steps++ < STEP_BUDGET; i++)
        feel_list_add(list, path(run, *feel_item(value, i), name));
    return list;
}

static FeelValue nth(FeelValue list, Decimal index)
{
    int64_t i, count = (int64_t)list.list->count;
    if (!decimal_to_int(index, &i) || i == 0 || i > count || i < -count)
        return feel_null();
    return *feel_item(list, (size_t)(i > 0 ? i - 1 : count + i));
}

/* Does the expression speak of the item (so that it cannot be taken once for all as an index)? */
static bool constant(const FeelNode *node)
{
    if (node->op == OP_NAME)
        return false;
    for (size_t i = 0; i < node->args.count; i++)
        if (!constant(node->args.items[i]))
            return false;
    return true;
}

static FeelValue with_item(FeelRun *run, FeelValue item, const FeelNode *condition)
{
    FeelLocal members = { run->locals, NULL, item }, named = { &members, "item", item };
    FeelLocal *before = run->locals;
    run->locals = &named;
    FeelValue result = feel_evaluate(run, condition);
    run->locals = before;
    return result;
}

static FeelValue filter(FeelRun *run, FeelValue value, const FeelNode *condition)
{
    FeelValue from = feel_as_list(value), list = feel_list();
    FeelValue index = constant(condition) || !from.list->count ? feel_evaluate(run, condition) : feel_null();
    if (index.type == FEEL_NUMBER)
        return nth(from, index.number);
    for (size_t i = 0; i < from.list->count; i++) {
        FeelValue is = with_item(run, *feel_item(from, i), condition);
        if (is.type == FEEL_NUMBER)
            return nth(from, is.number);
        if (is.type == FEEL_BOOL && is.truth)
            feel_list_add(list, *feel_item(from, i));
    }
    return list;
}

/* ---- Control ---- */

/* Three-valued: false wins over null in "and", true in "or" (DMN 1.5 table 50). */
static FeelValue logic(FeelRun *run, const FeelNode *node)
{
    bool decisive = node->op == OP_OR, unknown = false;
    for (size_t i = 0; i < node->args.count; i++) {
        FeelValue v = feel_evaluate(run, node->args.items[i]);
        if (v.type == FEEL_BOOL && v.truth == decisive)
            return feel_bool(decisive);
        unknown |= v.type != FEEL_BOOL;
    }
    return unknown ? feel_null() : feel_bool(!decisive);
}

static FeelValue contains(FeelRun *run, const FeelNode *node)
{
    FeelValue item = feel_evaluate(run, node->args.items[0]);
    bool unknown = false;
    for (size_t i = 1; i < node->args.count; i++) {
        const FeelNode *part = node->args.items[i];
        FeelValue is = part->op == OP_TEST
                           ? feel_test(part->test, item, feel_evaluate(run, part->args.items[0]))
                           : feel_contains(item, feel_evaluate(run, part));
        if (is.type == FEEL_BOOL && is.truth)
            return is;
        unknown |= is.type != FEEL_BOOL;
    }
    return unknown ? feel_null() : feel_bool(false);
}

static FeelValue between(FeelRun *run, const FeelNode *node)
{
    FeelValue v = feel_evaluate(run, node->args.items[0]);
    FeelValue low = feel_test(OP_GREATER_EQUAL, v, feel_evaluate(run, node->args.items[1]));
    FeelValue high = feel_test(OP_LESS_EQUAL, v, feel_evaluate(run, node->args.items[2]));
    return low.type == FEEL_BOOL && high.type == FEEL_BOOL ? feel_bool(low.truth && high.truth) : feel_null();
}

static FeelValue counted(FeelRun *run, FeelValue from, FeelValue to)
{
    FeelValue list = feel_list();
    int64_t a, b;
    if (from.type != FEEL_NUMBER || to.type != FEEL_NUMBER || !decimal_to_int(from.number, &a) ||
        !decimal_to_int(to.number, &b))
        return list;
    int64_t step = a <= b ? 1 : -1;
    for (; run->steps++ < STEP_BUDGET; a += step) {
        feel_list_add(list, feel_int(a));
        if (a == b)
            break;
    }
    return list;
}

static FeelValue loop(FeelRun *run, const FeelNode *node)
{
    FeelValue over = feel_evaluate(run, node->args.items[0]), results = feel_list();
    if (node->args.count == 3)
        over = counted(run, over, feel_evaluate(run, node->args.items[1]));
    if (over.type == FEEL_NULL)
        return feel_null();
    over = feel_as_list(over);
    const FeelNode *body = node->args.items[node->args.count - 1];
    bool unknown = false;
    for (size_t i = 0; i < over.list->count; i++) {
        FeelLocal local = { run->locals, node->name, *feel_item(over, i) };
        run->locals = &local;
        FeelValue is = feel_evaluate(run, body);
        run->locals = local.outer;
        if (node->op == OP_FOR)
            feel_list_add(results, is);
        else if (is.type == FEEL_BOOL && is.truth == (node->op == OP_SOME))
            return is;
        unknown |= is.type != FEEL_BOOL;
    }
    if (node->op == OP_FOR)
        return results;
    return unknown ? feel_null() : feel_bool(node->op == OP_EVERY);
}

/* ---- Constructors ---- */

static FeelValue list_of(FeelRun *run, const FeelNode *node)
{
    FeelValue list = feel_list();
    for (size_t i = 0; i < node->args.count; i++)
        feel_list_add(list, feel_evaluate(run, node->args.items[i]));
    return list;
}

/* Later entries see earlier ones. */
static FeelValue context_of(FeelRun *run, const FeelNode *node)
{
    FeelValue context = { .type = FEEL_CONTEXT, .context = alloc(sizeof(Map)) };
    FeelLocal local = { run->locals, NULL, context };
    run->locals = &local;
    for (size_t i = 0; i < node->args.count; i++)
        map_put(context.context, node->names.items[i], boxed(feel_evaluate(run, node->args.items[i])));
    run->locals = local.outer;
    return context;
}

static FeelValue range_of(FeelRun *run, const FeelNode *node)
{
    FeelRange *range = alloc(sizeof *range);
    *range = (FeelRange){ feel_evaluate(run, node->args.items[0]), feel_evaluate(run, node->args.items[1]),
                          node->low_closed, node->high_closed };
    return (FeelValue){ .type = FEEL_RANGE, .range = range };
}

static FeelValue call(FeelRun *run, const FeelNode *node)
{
    FeelValue *args = alloc_array(node->args.count + 1, sizeof *args);
    for (size_t i = 0; i < node->args.count; i++)
        args[i] = feel_evaluate(run, node->args.items[i]);
    return node->function->call(run, args, node->args.count);
}

static FeelValue binary(FeelRun *run, const FeelNode *node)
{
    FeelValue a = feel_evaluate(run, node->args.items[0]), b = feel_evaluate(run, node->args.items[1]);
    return node->op >= OP_EQUAL ? feel_test(node->op, a, b) : feel_arithmetic(node->op, a, b);
}

FeelValue feel_evaluate(FeelRun *run, const FeelNode *node)
{
    if (run->steps++ >= STEP_BUDGET)
        return feel_null();
    switch (node->op) {
    case OP_LITERAL:
        return node->value;
    case OP_NAME:
        return look_up(run, node->name);
    case OP_LIST:
        return list_of(run, node);
    case OP_CONTEXT:
        return context_of(run, node);
    case OP_RANGE:
        return range_of(run, node);
    case OP_NEGATE:
        return feel_arithmetic(OP_SUBTRACT, feel_int(0), feel_evaluate(run, node->args.items[0]));
    case OP_AND:
    case OP_OR:
        return logic(run, node);
    case OP_IF: {
        FeelValue is = feel_evaluate(run, node->args.items[0]);
        return feel_evaluate(run, node->args.items[is.type == FEEL_BOOL && is.truth ? 1 : 2]);
    }
    case OP_IN:
        return contains(run, node);
    case OP_BETWEEN:
        return between(run, node);
    case OP_PATH:
        return path(run, feel_evaluate(run, node->args.items[0]), node->name);
    case OP_FILTER:
        return filter(run, feel_evaluate(run, node->args.items[0]), node->args.items[1]);
    case OP_CALL:
        return call(run, node);
    case OP_FOR:
    case OP_SOME:
    case OP_EVERY:
        return loop(run, node);
    case OP_TEST:
        return feel_null();
    default:
        return binary(run, node);
    }
}

Json feel_eval_within(const Feel *feel, Json variables, int64_t now, bool *used_up)
{
    FeelRun run = { .variables = variables, .now = now };
    FeelValue value = feel_evaluate(&run, feel->root);
    *used_up = run.steps >= STEP_BUDGET;
    return feel_to_json(*used_up ? feel_null() : value);
}

Json feel_eval(const Feel *feel, Json variables, int64_t now)
{
    bool used_up;
    return feel_eval_within(feel, variables, now, &used_up);
}
