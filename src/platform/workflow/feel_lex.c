/* FEEL's tokens. Names of built-in functions may hold spaces ("string length"); they are recognised before a
 * '(' as one token, so that the grammar above them stays simple. Other names of several words are joined by
 * the parser. */
#include "base/buf.h"
#include "base/text.h"
#include "platform/workflow/feel_inside.h"

#include <string.h>

static const char *const keywords[] = { "if",      "then",  "else",  "and", "or",        "in",
                                        "between", "some",  "every", "for", "satisfies", "return",
                                        "true",    "false", "null",  NULL };

static bool name_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '?' || c >= 0x80;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static FeelToken bad(FeelLexer *lexer, const char *error)
{
    lexer->error = error;
    lexer->text = "";
    return lexer->token = TOKEN_BAD;
}

static void skip_space(FeelLexer *lexer)
{
    for (;;) {
        const char *p = lexer->next;
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
            lexer->next++;
        else if (p[0] == '\xc2' && p[1] == '\xa0') /* a no-break space, as word processors put it */
            lexer->next += 2;
        else if (p[0] == '/' && p[1] == '/')
            lexer->next += strcspn(p, "\n");
        else if (p[0] == '/' && p[1] == '*' && strstr(p + 2, "*/"))
            lexer->next = strstr(p + 2, "*/") + 2;
        else
            return;
    }
}

static bool read_code_point(const char **at, int digits, Buf *out)
{
    unsigned c = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        const char *hex = **at ? strchr("0123456789abcdef", **at | (**at >= 'A' ? 0x20 : 0)) : NULL;
        if (!hex)
            return false;
        c = c * 16 + (unsigned)(hex - "0123456789abcdef");
    }
    if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    if (c < 0x80)
        buf_char(out, (char)c);
    else if (c < 0x800)
        buf_fmt(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 63));
    else if (c < 0x10000)
        buf_fmt(out, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 63), 0x80 | (c & 63));
    else
        buf_fmt(out, "%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63),
                0x80 | (c & 63));
    return true;
}

static FeelToken read_string(FeelLexer *lexer, FeelToken token)
{
    Buf out = { 0 };
    const char *p = lexer->next + 1;
    while (*p && *p != '"') {
        if (*p != '\\') {
            buf_char(&out, *p++);
            continue;
        }
        const char *from = "nrt\"\\'", *to = "\n\r\t\"\\'", *known = p[1] ? strchr(from, p[1]) : NULL;
        p += 2;
        if (known)
            buf_char(&out, to[known - from]);
        else if ((p[-1] != 'u' && p[-1] != 'U') || !read_code_point(&p, p[-1] == 'u' ? 4 : 6, &out))
            return bad(lexer, "unknown escape in a string");
    }
    if (!*p)
        return bad(lexer, "a string has no closing quote");
    lexer->next = p + 1;
    lexer->text = buf_end(&out);
    return lexer->token = token;
}

static FeelToken read_number(FeelLexer *lexer)
{
    const char *p = lexer->next;
    p += strspn(p, "0123456789");
    if (p[0] == '.' && digit(p[1]))
        p += 1 + strspn(p + 1, "0123456789");
    if ((*p == 'e' || *p == 'E') && (digit(p[1]) || ((p[1] == '+' || p[1] == '-') && digit(p[2]))))
        p += 2 + strspn(p + 2, "0123456789");
    lexer->text = text_copy_n(lexer->next, (size_t)(p - lexer->next));
    lexer->next = p;
    return lexer->token = TOKEN_NUMBER;
}

static FeelToken read_name(FeelLexer *lexer)
{
    size_t size = 0;
    if (feel_function_at(lexer->next, &size)) {
        lexer->text = text_copy_n(lexer->next, size);
        lexer->next += size;
        return lexer->token = TOKEN_FUNCTION;
    }
    while (name_start((unsigned char)lexer->next[size]) || digit(lexer->next[size])) {
        if (lexer->next[size] == '\xc2' && lexer->next[size + 1] == '\xa0')
            break;
        size++;
    }
    lexer->text = text_copy_n(lexer->next, size);
    lexer->next += size;
    for (const char *const *k = keywords; *k; k++)
        if (text_is(lexer->text, *k))
            return lexer->token = TOKEN_KEYWORD;
    return lexer->token = TOKEN_NAME;
}

static FeelToken read_sign(FeelLexer *lexer)
{
    static const char *const signs[] = { "**", "<=", ">=", "!=", "..", "+", "-", "*", "/", "=", "<",
                                         ">",  "(",  ")",  "[",  "]",  "{", "}", ",", ":", ".", NULL };
    for (const char *const *s = signs; *s; s++) {
        if (text_starts(lexer->next, *s)) {
            lexer->text = *s;
            lexer->next += strlen(*s);
            return lexer->token = TOKEN_SIGN;
        }
    }
    return bad(lexer, "unexpected character");
}

void feel_next(FeelLexer *lexer)
{
    skip_space(lexer);
    const char *p = lexer->at = lexer->next;
    lexer->text = "";
    if (!*p)
        lexer->token = TOKEN_END;
    else if (*p == '"')
        read_string(lexer, TOKEN_STRING);
    else if (*p == '@' && p[1] == '"')
        lexer->next++, read_string(lexer, TOKEN_AT);
    else if (digit(*p) || (*p == '.' && digit(p[1])))
        read_number(lexer);
    else if (name_start((unsigned char)*p))
        read_name(lexer);
    else
        read_sign(lexer);
}
