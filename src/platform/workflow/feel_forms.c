/* The forms of FEEL that begin with a word: calls, names, if, for, some, every, constants. */
#include "base/text.h"
#include "platform/workflow/feel_parser.h"

#include <string.h>

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
        int i = p->lexer.token == TOKEN_NAME ? parameter_index(call->function, parser_words(p)) : -1;
        if (i < 0 || i >= 8 || slots[i])
            return parser_fail(p, fmt("a parameter of %s", call->function->name));
        if (!parser_need(p, TOKEN_SIGN, ":") || !(slots[i] = parser_parse(p, 0)))
            return NULL;
        last = i > last ? i : last;
    } while (parser_sign(p, ","));
    for (int i = 0; i <= last; i++)
        call = parser_with(p, call, slots[i] ? slots[i] : parser_literal(feel_null()));
    return call && parser_need(p, TOKEN_SIGN, ")") ? call : NULL;
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
    FeelNode *call = parser_node(OP_CALL);
    call->function = function;
    if (named_follows(p)) {
        call = parse_named(p, call);
    } else if (!parser_sign(p, ")")) {
        do
            if (!(call = parser_with(p, call, parser_parse(p, 0))))
                return NULL;
        while (parser_sign(p, ","));
        if (!parser_need(p, TOKEN_SIGN, ")"))
            return NULL;
    }
    int count = call ? (int)call->args.count : 0;
    if (call && (count < function->least || (function->most >= 0 && count > function->most)))
        return parser_fail(p,
                           fmt("%d to %d arguments of %s", function->least, function->most, function->name));
    return call;
}

FeelNode *parser_name(Parser *p)
{
    const char *where = p->lexer.at, *name = parser_words(p);
    if (parser_sign(p, "(")) {
        const FeelFunction *function = feel_function(name, strlen(name));
        if (function)
            return parse_call(p, function);
        p->lexer.at = where;
        return parser_fail(p, fmt("a known function instead of %s", name));
    }
    FeelNode *n = parser_node(OP_NAME);
    n->name = name;
    return n;
}

static FeelNode *parse_if(Parser *p)
{
    FeelNode *n = parser_with(p, parser_node(OP_IF), parser_parse(p, 0));
    if (!n || !parser_need(p, TOKEN_KEYWORD, "then") || !(n = parser_with(p, n, parser_parse(p, 0))) ||
        !parser_need(p, TOKEN_KEYWORD, "else"))
        return NULL;
    return parser_with(p, n, parser_parse(p, 0));
}

/* for / some / every name in list return / satisfies expression; several names nest. */
static FeelNode *parse_loop(Parser *p, FeelOp op)
{
    FeelNode *n = parser_node(op);
    if (p->lexer.token != TOKEN_NAME)
        return parser_fail(p, "a name");
    n->name = parser_words(p);
    if (!parser_need(p, TOKEN_KEYWORD, "in") || !(n = parser_with(p, n, parser_parse(p, 0))))
        return NULL;
    if (parser_sign(p, "..") && !(n = parser_with(p, n, parser_parse(p, 0)))) /* for i in 1..3 */
        return NULL;
    if (op != OP_FOR && parser_sign(p, ","))
        return parser_with(p, n, ++p->depth > MAX_DEPTH ? parser_fail(p, "fewer names") : parse_loop(p, op));
    return parser_need(p, TOKEN_KEYWORD, op == OP_FOR ? "return" : "satisfies")
               ? parser_with(p, n, parser_parse(p, 0))
               : NULL;
}

FeelNode *parser_keyword(Parser *p)
{
    if (parser_take(p, TOKEN_KEYWORD, "true"))
        return parser_literal(feel_bool(true));
    if (parser_take(p, TOKEN_KEYWORD, "false"))
        return parser_literal(feel_bool(false));
    if (parser_take(p, TOKEN_KEYWORD, "null"))
        return parser_literal(feel_null());
    if (parser_take(p, TOKEN_KEYWORD, "if"))
        return parse_if(p);
    if (parser_take(p, TOKEN_KEYWORD, "for"))
        return parse_loop(p, OP_FOR);
    if (parser_take(p, TOKEN_KEYWORD, "some"))
        return parse_loop(p, OP_SOME);
    if (parser_take(p, TOKEN_KEYWORD, "every"))
        return parse_loop(p, OP_EVERY);
    return parser_fail(p, "an expression");
}
