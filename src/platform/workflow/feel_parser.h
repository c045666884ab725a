/* What the two files of the parser share. Functions that return a node return NULL after an error;
 * parser_fail() keeps the first one. */
#ifndef SEN_PLATFORM_FEEL_PARSER_H
#define SEN_PLATFORM_FEEL_PARSER_H

#include "platform/workflow/feel_inside.h"

enum { MAX_DEPTH = 250, MAX_TEXT = 64 * 1024 };

typedef struct Parser {
    FeelLexer lexer;
    const char *expected; /* the first thing that was missing */
    const char *where;
    int depth;
    bool endpoint; /* in the high end of a range, where '[' closes it: "]1..10[" */
} Parser;

FeelNode *parser_fail(Parser *p, const char *expected);
bool parser_take(Parser *p, FeelToken token, const char *text); /* goes on when this token stands here */
bool parser_sign(Parser *p, const char *text);
bool parser_need(Parser *p, FeelToken token, const char *text);
FeelNode *parser_node(FeelOp op);
FeelNode *parser_with(Parser *p, FeelNode *n, FeelNode *part);
FeelNode *parser_literal(FeelValue value);
const char *parser_words(Parser *p);
FeelNode *parser_parse(Parser *p, int least); /* an expression whose operators bind at least so tightly */
FeelNode *parser_keyword(Parser *p);
FeelNode *parser_name(Parser *p);

#endif
