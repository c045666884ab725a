/* FEEL's grammar (DMN 1.5 §10.3.1) by operator precedence. Depth is limited so that neither parser nor
 * evaluator can exhaust the stack. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "platform/workflow/feel_parser.h"

#include <stdio.h>
#include <string.h>

FeelNode *parser_fail(Parser *p, const char *expected)
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

bool parser_take(Parser *p, FeelToken token, const char *text)
{
    if (!is(p, token, text))
        return false;
    feel_next(&p->lexer);
    return true;
}

bool parser_sign(Parser *p, const char *text)
{
    return parser_take(p, TOKEN_SIGN, text);
}

bool parser_need(Parser *p, FeelToken token, const char *text)
{
    return parser_take(p, token, text) || parser_fail(p, text);
}

FeelNode *parser_node(FeelOp op)
{
    FeelNode *n = alloc(sizeof *n);
    n->op = op;
    n->depth = 1;
    return n;
}

/* Adds a part, which may be NULL after an error; NULL when the tree has become too deep. */
FeelNode *parser_with(Parser *p, FeelNode *n, FeelNode *part)
{
    if (!part || !n)
        return NULL;
    vec_add(&n->args, part);
    if (part->depth >= n->depth)
        n->depth = part->depth + 1;
    return n->depth > MAX_DEPTH ? parser_fail(p, "an expression nested less deeply") : n;
}

FeelNode *parser_literal(FeelValue value)
{
    FeelNode *n = parser_node(OP_LITERAL);
    n->value = value;
    return n;
}

/* ---- Primaries ---- */

/* Words side by side are one name: "muc phi". */
const char *parser_words(Parser *p)
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
    FeelNode *n = parser_with(p, parser_with(p, parser_node(OP_RANGE), low), parser_parse(p, 4));
    p->endpoint = false;
    if (!n)
        return NULL;
    n->low_closed = low_closed;
    n->high_closed = is(p, TOKEN_SIGN, "]");
    return parser_sign(p, "]") || parser_sign(p, ")") || parser_sign(p, "[")
               ? n
               : parser_fail(p, "] ) or [ after a range");
}

static FeelNode *parse_list(Parser *p)
{
    FeelNode *list = parser_node(OP_LIST);
    if (parser_sign(p, "]"))
        return list;
    for (;;) {
        FeelNode *item = parser_parse(p, 0);
        if (!item)
            return NULL;
        if (!list->args.count && parser_sign(p, ".."))
            return range_end(p, item, true);
        if (!(list = parser_with(p, list, item)))
            return NULL;
        if (parser_sign(p, "]"))
            return list;
        if (!parser_sign(p, ","))
            return parser_fail(p, ", or ]");
    }
}

static FeelNode *parse_parenthesis(Parser *p)
{
    FeelNode *inner = parser_parse(p, 0);
    if (inner && parser_sign(p, ".."))
        return range_end(p, inner, false);
    return inner && parser_need(p, TOKEN_SIGN, ")") ? inner : NULL;
}

static FeelNode *parse_context(Parser *p)
{
    FeelNode *context = parser_node(OP_CONTEXT);
    if (parser_sign(p, "}"))
        return context;
    for (;;) {
        const char *key = p->lexer.text;
        if (p->lexer.token == TOKEN_NAME || p->lexer.token == TOKEN_KEYWORD)
            key = parser_words(p);
        else if (p->lexer.token == TOKEN_STRING)
            feel_next(&p->lexer);
        else
            return parser_fail(p, "a name");
        if (!parser_need(p, TOKEN_SIGN, ":"))
            return NULL;
        vec_add(&context->names, (void *)key);
        if (!(context = parser_with(p, context, parser_parse(p, 0))))
            return NULL;
        if (parser_sign(p, "}"))
            return context;
        if (!parser_sign(p, ","))
            return parser_fail(p, ", or }");
    }
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
    return parser_literal(value);
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
        return parser_name(p);
    case TOKEN_KEYWORD:
        return parser_keyword(p);
    default:
        break;
    }
    if (parser_sign(p, "("))
        return parse_parenthesis(p);
    if (parser_sign(p, "["))
        return parse_list(p);
    if (parser_sign(p, "{"))
        return parse_context(p);
    if (parser_sign(p, "-"))
        return parser_with(p, parser_node(OP_NEGATE), parser_parse(p, 7));
    if (parser_sign(p, "]")) {
        FeelNode *low = parser_parse(p, 4);
        return low && parser_need(p, TOKEN_SIGN, "..") ? range_end(p, low, false) : NULL;
    }
    return parser_fail(p, "an expression");
}

/* ---- What stands after an operand ---- */

static FeelNode *parse_unary_test(Parser *p)
{
    FeelOp test = test_sign(p);
    if (test == OP_LITERAL)
        return parser_parse(p, 4);
    feel_next(&p->lexer);
    FeelNode *n = parser_with(p, parser_node(OP_TEST), parser_parse(p, 4));
    if (n)
        n->test = test;
    return n;
}

/* x in (1, [3..5], < 0): every further part is one test. "(1..5)" is a range, seen after its first part. */
static FeelNode *parse_in(Parser *p, FeelNode *left)
{
    FeelNode *n = parser_with(p, parser_node(OP_IN), left);
    if (!n || !parser_sign(p, "("))
        return parser_with(p, n, n ? parse_unary_test(p) : NULL);
    FeelNode *first = parse_unary_test(p);
    if (first && first->op != OP_TEST && parser_sign(p, ".."))
        return parser_with(p, n, range_end(p, first, false));
    for (n = parser_with(p, n, first); n && parser_sign(p, ",");)
        n = parser_with(p, n, parse_unary_test(p));
    return n && parser_need(p, TOKEN_SIGN, ")") ? n : NULL;
}

static FeelNode *parse_between(Parser *p, FeelNode *left)
{
    FeelNode *n = parser_with(p, parser_with(p, parser_node(OP_BETWEEN), left), parser_parse(p, 4));
    return n && parser_need(p, TOKEN_KEYWORD, "and") ? parser_with(p, n, parser_parse(p, 4)) : NULL;
}

static FeelNode *parse_path(Parser *p, FeelNode *left)
{
    FeelNode *n = parser_with(p, parser_node(OP_PATH), left);
    if (!n || p->lexer.token != TOKEN_NAME)
        return parser_fail(p, "a name after the dot");
    n->name = parser_words(p);
    return n;
}

static FeelNode *parse_filter(Parser *p, FeelNode *left)
{
    FeelNode *n = parser_with(p, parser_with(p, parser_node(OP_FILTER), left), parser_parse(p, 0));
    return n && parser_need(p, TOKEN_SIGN, "]") ? n : NULL;
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
        left = i->rest
                   ? i->rest(p, left)
                   : parser_with(p, parser_with(p, parser_node(i->op), left), parser_parse(p, i->power + 1));
    }
    return left;
}

FeelNode *parser_parse(Parser *p, int least)
{
    if (p->depth >= MAX_DEPTH)
        return parser_fail(p, "an expression nested less deeply");
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
    for (size_t size = strlen(error); size && !utf8_valid(error, size);) /* a letter may have been cut */
        error[--size] = '\0';
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
    feel->root = parser_parse(&p, 0);
    if (feel->root && p.lexer.token != TOKEN_END)
        feel->root = parser_fail(&p, "an operator or the end");
    if (feel->root)
        return feel;
    explain(&p, error, error_size);
    return NULL;
}
