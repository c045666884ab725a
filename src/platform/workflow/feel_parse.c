/* FEEL's grammar (DMN 1.5 §10.3.1) by operator precedence. Depth is limited so that neither parser nor
 * evaluator can exhaust the stack. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "platform/workflow/feel_inside.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 250, MAX_TEXT = 64 * 1024 };

typedef struct Parser {
    FeelLexer lexer;
    const char *expected; /* the first thing that was missing */
    const char *where;
    int depth;
    bool endpoint; /* in the high end of a range, where '[' closes it: "]1..10[" */
} Parser;

static FeelNode *parse(Parser *p, int least);

static FeelNode *fail(Parser *p, const char *expected)
{
    if (!p->expected) {
        p->expected = p->lexer.token == TOKEN_BAD ? p->lexer.error : fmt("expected %s", expected);
        p->where = p->lexer.at;
    }
    return NULL;
}

static bool is(const Parser *p, FeelToken token, const char *text)
{
    return p->lexer.token == token && text_is(p->lexer.text, text);
}

static bool take(Parser *p, FeelToken token, const char *text)
{
    if (!is(p, token, text))
        return false;
    feel_next(&p->lexer);
    return true;
}

static bool sign(Parser *p, const char *text)
{
    return take(p, TOKEN_SIGN, text);
}

static bool need(Parser *p, FeelToken token, const char *text)
{
    return take(p, token, text) || fail(p, text);
}

static FeelNode *node(FeelOp op)
{
    FeelNode *n = alloc(sizeof *n);
    n->op = op;
    n->depth = 1;
    return n;
}

/* Adds a part, which may be NULL after an error; NULL when the tree has become too deep. */
static FeelNode *with(Parser *p, FeelNode *n, FeelNode *part)
{
    if (!part || !n)
        return NULL;
    vec_add(&n->args, part);
    if (part->depth >= n->depth)
        n->depth = part->depth + 1;
    return n->depth > MAX_DEPTH ? fail(p, "an expression nested less deeply") : n;
}

static FeelNode *literal(FeelValue value)
{
    FeelNode *n = node(OP_LITERAL);
    n->value = value;
    return n;
}

/* ---- Primaries ---- */

/* Words side by side are one name: "muc phi". */
static const char *joined_name(Parser *p)
{
    Buf name = { 0 };
    buf_text(&name, p->lexer.text);
    for (feel_next(&p->lexer); p->lexer.token == TOKEN_NAME; feel_next(&p->lexer)) {
        buf_char(&name, ' ');
        buf_text(&name, p->lexer.text);
    }
    return buf_end(&name);
}

static FeelNode *range_end(Parser *p, FeelNode *low, bool low_closed)
{
    p->endpoint = true;
    FeelNode *n = with(p, with(p, node(OP_RANGE), low), parse(p, 4));
    p->endpoint = false;
    if (!n)
        return NULL;
    n->low_closed = low_closed;
    n->high_closed = is(p, TOKEN_SIGN, "]");
    return sign(p, "]") || sign(p, ")") || sign(p, "[") ? n : fail(p, "] ) or [ after a range");
}

static FeelNode *parse_list(Parser *p)
{
    FeelNode *list = node(OP_LIST);
    if (sign(p, "]"))
        return list;
    for (;;) {
        FeelNode *item = parse(p, 0);
        if (!item)
            return NULL;
        if (!list->args.count && sign(p, ".."))
            return range_end(p, item, true);
        if (!(list = with(p, list, item)))
            return NULL;
        if (sign(p, "]"))
            return list;
        if (!sign(p, ","))
            return fail(p, ", or ]");
    }
}

static FeelNode *parse_parenthesis(Parser *p)
{
    FeelNode *inner = parse(p, 0);
    if (inner && sign(p, ".."))
        return range_end(p, inner, false);
    return inner && need(p, TOKEN_SIGN, ")") ? inner : NULL;
}

static FeelNode *parse_context(Parser *p)
{
    FeelNode *context = node(OP_CONTEXT);
    if (sign(p, "}"))
        return context;
    for (;;) {
        const char *key = p->lexer.text;
        if (p->lexer.token == TOKEN_NAME || p->lexer.token == TOKEN_KEYWORD)
            key = joined_name(p);
        else if (p->lexer.token == TOKEN_STRING)
            feel_next(&p->lexer);
        else
            return fail(p, "a name");
        if (!need(p, TOKEN_SIGN, ":"))
            return NULL;
        vec_add(&context->names, (void *)key);
        if (!(context = with(p, context, parse(p, 0))))
            return NULL;
        if (sign(p, "}"))
            return context;
        if (!sign(p, ","))
            return fail(p, ", or }");
    }
}

static int parameter_index(const FeelFunction *function, const char *name)
{
    size_t count;
    char **names = text_split(function->parameters, ',', &count);
    for (size_t i = 0; i < count; i++)
        if (text_is(names[i], name))
            return (int)i;
    return -1;
}

/* Named arguments are put into the order of the parameters; missing ones are null. */
static FeelNode *parse_named(Parser *p, FeelNode *call)
{
    FeelNode *slots[8] = { 0 };
    int last = 0;
    do {
        int i = p->lexer.token == TOKEN_NAME ? parameter_index(call->function, joined_name(p)) : -1;
        if (i < 0 || i >= 8 || slots[i])
            return fail(p, fmt("a parameter of %s", call->function->name));
        if (!need(p, TOKEN_SIGN, ":") || !(slots[i] = parse(p, 0)))
            return NULL;
        last = i > last ? i : last;
    } while (sign(p, ","));
    for (int i = 0; i <= last; i++)
        call = with(p, call, slots[i] ? slots[i] : literal(feel_null()));
    return call && need(p, TOKEN_SIGN, ")") ? call : NULL;
}

static bool named_follows(const Parser *p)
{
    FeelLexer ahead = p->lexer;
    if (ahead.token != TOKEN_NAME)
        return false;
    while (ahead.token == TOKEN_NAME)
        feel_next(&ahead);
    return ahead.token == TOKEN_SIGN && text_is(ahead.text, ":");
}

/* The '(' has been taken. */
static FeelNode *parse_call(Parser *p, const FeelFunction *function)
{
    FeelNode *call = node(OP_CALL);
    call->function = function;
    if (named_follows(p)) {
        call = parse_named(p, call);
    } else if (!sign(p, ")")) {
        do
            if (!(call = with(p, call, parse(p, 0))))
                return NULL;
        while (sign(p, ","));
        if (!need(p, TOKEN_SIGN, ")"))
            return NULL;
    }
    int count = call ? (int)call->args.count : 0;
    if (call && (count < function->least || (function->most >= 0 && count > function->most)))
        return fail(p, fmt("%d to %d arguments of %s", function->least, function->most, function->name));
    return call;
}

static FeelNode *parse_name(Parser *p)
{
    const char *where = p->lexer.at, *name = joined_name(p);
    if (sign(p, "(")) {
        const FeelFunction *function = feel_function(name, strlen(name));
        if (function)
            return parse_call(p, function);
        p->lexer.at = where;
        return fail(p, fmt("a known function instead of %s", name));
    }
    FeelNode *n = node(OP_NAME);
    n->name = name;
    return n;
}

static FeelNode *parse_if(Parser *p)
{
    FeelNode *n = with(p, node(OP_IF), parse(p, 0));
    if (!n || !need(p, TOKEN_KEYWORD, "then") || !(n = with(p, n, parse(p, 0))) ||
        !need(p, TOKEN_KEYWORD, "else"))
        return NULL;
    return with(p, n, parse(p, 0));
}

/* for / some / every name in list return / satisfies expression; several names nest. */
static FeelNode *parse_loop(Parser *p, FeelOp op)
{
    FeelNode *n = node(op);
    if (p->lexer.token != TOKEN_NAME)
        return fail(p, "a name");
    n->name = joined_name(p);
    if (!need(p, TOKEN_KEYWORD, "in") || !(n = with(p, n, parse(p, 0))))
        return NULL;
    if (sign(p, "..") && !(n = with(p, n, parse(p, 0)))) /* for i in 1..3 */
        return NULL;
    if (op != OP_FOR && sign(p, ","))
        return with(p, n, ++p->depth > MAX_DEPTH ? fail(p, "fewer names") : parse_loop(p, op));
    return need(p, TOKEN_KEYWORD, op == OP_FOR ? "return" : "satisfies") ? with(p, n, parse(p, 0)) : NULL;
}

static FeelNode *parse_keyword(Parser *p)
{
    if (take(p, TOKEN_KEYWORD, "true"))
        return literal(feel_bool(true));
    if (take(p, TOKEN_KEYWORD, "false"))
        return literal(feel_bool(false));
    if (take(p, TOKEN_KEYWORD, "null"))
        return literal(feel_null());
    if (take(p, TOKEN_KEYWORD, "if"))
        return parse_if(p);
    if (take(p, TOKEN_KEYWORD, "for"))
        return parse_loop(p, OP_FOR);
    if (take(p, TOKEN_KEYWORD, "some"))
        return parse_loop(p, OP_SOME);
    if (take(p, TOKEN_KEYWORD, "every"))
        return parse_loop(p, OP_EVERY);
    return fail(p, "an expression");
}

static FeelNode *parse_literal(Parser *p)
{
    FeelValue value = feel_text(p->lexer.text);
    if (p->lexer.token == TOKEN_AT)
        value = feel_literal_at(p->lexer.text);
    if (p->lexer.token == TOKEN_NUMBER) {
        value = feel_null();
        if (decimal_parse(p->lexer.text, strlen(p->lexer.text), &value.number))
            value.type = FEEL_NUMBER;
    }
    feel_next(&p->lexer);
    return literal(value);
}

static FeelOp test_sign(const Parser *p)
{
    static const struct {
        const char *sign;
        FeelOp op;
    } tests[] = { { "<", OP_LESS },           { "<=", OP_LESS_EQUAL }, { ">", OP_GREATER },
                  { ">=", OP_GREATER_EQUAL }, { "=", OP_EQUAL },       { "!=", OP_NOT_EQUAL } };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (is(p, TOKEN_SIGN, tests[i].sign))
            return tests[i].op;
    return OP_LITERAL;
}

static FeelNode *parse_primary(Parser *p)
{
    switch (p->lexer.token) {
    case TOKEN_NUMBER:
    case TOKEN_STRING:
    case TOKEN_AT:
        return parse_literal(p);
    case TOKEN_NAME:
    case TOKEN_FUNCTION:
        return parse_name(p);
    case TOKEN_KEYWORD:
        return parse_keyword(p);
    default:
        break;
    }
    if (sign(p, "("))
        return parse_parenthesis(p);
    if (sign(p, "["))
        return parse_list(p);
    if (sign(p, "{"))
        return parse_context(p);
    if (sign(p, "-"))
        return with(p, node(OP_NEGATE), parse(p, 7));
    if (sign(p, "]")) {
        FeelNode *low = parse(p, 4);
        return low && need(p, TOKEN_SIGN, "..") ? range_end(p, low, false) : NULL;
    }
    return fail(p, "an expression");
}

/* ---- What stands after an operand ---- */

static FeelNode *parse_unary_test(Parser *p)
{
    FeelOp test = test_sign(p);
    if (test == OP_LITERAL)
        return parse(p, 4);
    feel_next(&p->lexer);
    FeelNode *n = with(p, node(OP_TEST), parse(p, 4));
    if (n)
        n->test = test;
    return n;
}

/* x in (1, [3..5], < 0): every further part is one test. "(1..5)" is a range, seen after its first part. */
static FeelNode *parse_in(Parser *p, FeelNode *left)
{
    FeelNode *n = with(p, node(OP_IN), left);
    if (!n || !sign(p, "("))
        return with(p, n, n ? parse_unary_test(p) : NULL);
    FeelNode *first = parse_unary_test(p);
    if (first && first->op != OP_TEST && sign(p, ".."))
        return with(p, n, range_end(p, first, false));
    for (n = with(p, n, first); n && sign(p, ",");)
        n = with(p, n, parse_unary_test(p));
    return n && need(p, TOKEN_SIGN, ")") ? n : NULL;
}

static FeelNode *parse_between(Parser *p, FeelNode *left)
{
    FeelNode *n = with(p, with(p, node(OP_BETWEEN), left), parse(p, 4));
    return n && need(p, TOKEN_KEYWORD, "and") ? with(p, n, parse(p, 4)) : NULL;
}

static FeelNode *parse_path(Parser *p, FeelNode *left)
{
    FeelNode *n = with(p, node(OP_PATH), left);
    if (!n || p->lexer.token != TOKEN_NAME)
        return fail(p, "a name after the dot");
    n->name = joined_name(p);
    return n;
}

static FeelNode *parse_filter(Parser *p, FeelNode *left)
{
    FeelNode *n = with(p, with(p, node(OP_FILTER), left), parse(p, 0));
    return n && need(p, TOKEN_SIGN, "]") ? n : NULL;
}

typedef struct Infix {
    FeelToken token;
    const char *text;
    int power; /* binds to the left with this; its right side with one more */
    FeelOp op;
    FeelNode *(*rest)(Parser *p, FeelNode *left); /* NULL: a plain binary operator */
} Infix;

static const Infix infixes[] = {
    { TOKEN_KEYWORD, "or", 1, OP_OR, NULL },
    { TOKEN_KEYWORD, "and", 2, OP_AND, NULL },
    { TOKEN_SIGN, "=", 3, OP_EQUAL, NULL },
    { TOKEN_SIGN, "!=", 3, OP_NOT_EQUAL, NULL },
    { TOKEN_SIGN, "<=", 3, OP_LESS_EQUAL, NULL },
    { TOKEN_SIGN, ">=", 3, OP_GREATER_EQUAL, NULL },
    { TOKEN_SIGN, "<", 3, OP_LESS, NULL },
    { TOKEN_SIGN, ">", 3, OP_GREATER, NULL },
    { TOKEN_KEYWORD, "in", 3, OP_IN, parse_in },
    { TOKEN_KEYWORD, "between", 3, OP_BETWEEN, parse_between },
    { TOKEN_SIGN, "+", 4, OP_ADD, NULL },
    { TOKEN_SIGN, "-", 4, OP_SUBTRACT, NULL },
    { TOKEN_SIGN, "*", 5, OP_MULTIPLY, NULL },
    { TOKEN_SIGN, "/", 5, OP_DIVIDE, NULL },
    { TOKEN_SIGN, "**", 6, OP_POWER, NULL },
    { TOKEN_SIGN, ".", 8, OP_PATH, parse_path },
    { TOKEN_SIGN, "[", 8, OP_FILTER, parse_filter },
    { 0 },
};

static const Infix *infix(const Parser *p)
{
    for (const Infix *i = infixes; i->text; i++)
        if (is(p, i->token, i->text))
            return i;
    return NULL;
}

static FeelNode *parse_operators(Parser *p, int least)
{
    FeelNode *left = parse_primary(p);
    for (const Infix *i; left && (i = infix(p)) && i->power >= least;) {
        if (p->endpoint && i->op == OP_FILTER)
            break;
        feel_next(&p->lexer);
        left = i->rest ? i->rest(p, left) : with(p, with(p, node(i->op), left), parse(p, i->power + 1));
    }
    return left;
}

static FeelNode *parse(Parser *p, int least)
{
    if (p->depth >= MAX_DEPTH)
        return fail(p, "an expression nested less deeply");
    bool endpoint = p->endpoint;
    p->endpoint = endpoint && least > 0;
    p->depth++;
    FeelNode *n = parse_operators(p, least);
    p->depth--;
    p->endpoint = endpoint;
    return n;
}

static void explain(const Parser *p, char *error, size_t error_size)
{
    int line = 1, column = 1;
    for (const char *c = p->lexer.start; c < p->where; c++) {
        column = *c == '\n' ? 1 : column + (((unsigned char)*c & 0xc0) != 0x80);
        line += *c == '\n';
    }
    snprintf(error, error_size, "line %d, column %d: %s", line, column, p->expected);
}

Feel *feel_compile(const char *text, char *error, size_t error_size)
{
    Parser p = { .lexer = { .start = text, .next = text } };
    if (strlen(text) > MAX_TEXT) {
        snprintf(error, error_size, "longer than %d bytes", MAX_TEXT);
        return NULL;
    }
    feel_next(&p.lexer);
    Feel *feel = alloc(sizeof *feel);
    feel->root = parse(&p, 0);
    if (feel->root && p.lexer.token != TOKEN_END)
        feel->root = fail(&p, "an operator or the end");
    if (feel->root)
        return feel;
    explain(&p, error, error_size);
    return NULL;
}
