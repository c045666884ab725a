/* What the files of FEEL share: values, the syntax tree, and the calls between lexer, parser, evaluator and
 * functions.
 *
 *   text → tokens (feel_lex.c) → tree (feel_parse.c, Pratt) → value (feel_eval.c, feel_ops.c,
 * feel_functions.c, feel_time.c) → JSON */
#ifndef SEN_PLATFORM_FEEL_INSIDE_H
#define SEN_PLATFORM_FEEL_INSIDE_H

#include "base/map.h"
#include "platform/workflow/decimal.h"
#include "platform/workflow/feel.h"

typedef enum FeelType {
    FEEL_NULL,
    FEEL_BOOL,
    FEEL_NUMBER,
    FEEL_STRING,
    FEEL_DATE,     /* at: days since 1970-01-01 */
    FEEL_DATETIME, /* at: UTC ms */
    FEEL_DAYS,     /* days and time duration; at: ms */
    FEEL_MONTHS,   /* years and months duration; at: months */
    FEEL_LIST,
    FEEL_CONTEXT,
    FEEL_RANGE,
} FeelType;

struct FeelRange;

typedef struct FeelValue {
    FeelType type;
    union {
        bool truth;
        Decimal number;
        const char *text;
        int64_t at;
        Vec *list;    /* of FeelValue * */
        Map *context; /* name → FeelValue * */
        struct FeelRange *range;
    };
} FeelValue;

typedef struct FeelRange {
    FeelValue low, high; /* null: no bound on this side */
    bool low_closed, high_closed;
} FeelRange;

typedef enum FeelOp {
    OP_LITERAL,
    OP_NAME,
    OP_LIST,
    OP_CONTEXT,
    OP_RANGE,
    OP_NEGATE,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_POWER,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_AND,
    OP_OR,
    OP_IF,
    OP_IN,
    OP_BETWEEN,
    OP_PATH,
    OP_FILTER,
    OP_CALL,
    OP_FOR,
    OP_SOME,
    OP_EVERY,
    OP_TEST, /* a unary comparison: text of `how` in op2, value in args[0] */
} FeelOp;

struct FeelFunction;

typedef struct FeelNode {
    FeelOp op, test;  /* test: of OP_TEST */
    FeelValue value;  /* OP_LITERAL */
    const char *name; /* OP_NAME, OP_PATH, loop variable */
    Vec args;         /* FeelNode * */
    Vec names;        /* OP_CONTEXT: keys; OP_CALL: parameter names, NULLs when positional */
    const struct FeelFunction *function;
    bool low_closed, high_closed;
    int depth;
} FeelNode;

struct Feel {
    FeelNode *root;
};

typedef enum FeelToken {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_KEYWORD,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_AT,
    TOKEN_SIGN,
    TOKEN_FUNCTION,
    TOKEN_BAD,
} FeelToken;

typedef struct FeelLexer {
    const char *start, *next; /* the text, and what is not read yet */
    FeelToken token;
    const char *at;    /* where this token begins */
    const char *text;  /* name, keyword, sign ("<="), string contents, number as written */
    const char *error; /* TOKEN_BAD: what is wrong */
} FeelLexer;

void feel_next(FeelLexer *lexer);

/* State of one evaluation. */
typedef struct FeelRun {
    Json variables;
    int64_t now;
    long steps;
    struct FeelLocal *locals; /* loop variables and filter items, innermost first */
} FeelRun;

typedef struct FeelLocal {
    struct FeelLocal *outer;
    const char *name; /* NULL: the members of a context item are names */
    FeelValue value;
} FeelLocal;

typedef FeelValue FeelCall(FeelRun *run, const FeelValue *args, size_t count);
typedef struct FeelFunction {
    const char *name;
    FeelCall *call;
    int least, most;        /* arguments; most -1: any number */
    const char *parameters; /* names for named calls, separated by ',' */
} FeelFunction;
const FeelFunction *feel_function(const char *name, size_t size);
/* The built-in name of several words that stands at `text` and is followed by '('; its size in *size. */
const FeelFunction *feel_function_at(const char *text, size_t *size);

FeelValue feel_null(void);
FeelValue feel_bool(bool truth);
FeelValue feel_number(Decimal number);
FeelValue feel_int(int64_t number);
FeelValue feel_text(const char *text);
FeelValue feel_at(FeelType type, int64_t at);
FeelValue feel_list(void);
void feel_list_add(FeelValue list, FeelValue item);
const FeelValue *feel_item(FeelValue list, size_t index);
/* The value as a list: itself, nothing for null, or a list of one. */
FeelValue feel_as_list(FeelValue value);

FeelValue feel_evaluate(FeelRun *run, const FeelNode *node);
FeelValue feel_from_json(Json json);
Json feel_to_json(FeelValue value);
char *feel_string(FeelValue value); /* string(): NULL for null */

/* Arithmetic, comparison, membership. */
FeelValue feel_arithmetic(FeelOp op, FeelValue a, FeelValue b);
/* <0, 0, >0; false when the two cannot be compared. */
bool feel_compare(FeelValue a, FeelValue b, int *order);
FeelValue feel_equal(FeelValue a, FeelValue b);
FeelValue feel_contains(FeelValue item, FeelValue what); /* item in what */
FeelValue feel_test(FeelOp op, FeelValue a, FeelValue b);

/* ISO 8601 texts of dates, moments, durations. Null when malformed. */
FeelValue feel_date(const char *text);
FeelValue feel_datetime(const char *text);
FeelValue feel_duration(const char *text);
FeelValue feel_literal_at(const char *text); /* @"…" */
FeelValue feel_add_months(FeelValue date, int64_t months);
FeelValue feel_member(FeelValue value, const char *name); /* .year, .hours …; null when there is none */

#endif
