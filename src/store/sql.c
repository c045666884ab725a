/* See sql.h. No parser: tokens are enough, because what must be left alone (quoted text, comments) is a token
 * of its own. */
#include "store/sql.h"
#include "base/buf.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *quoted_end(const char *at, char quote)
{
    for (at++; *at; at++)
        if (*at == quote && *++at != quote) /* a doubled quote stands for itself */
            return at;
    return at;
}

static const char *after(const char *at, const char *end)
{
    const char *found = strstr(at, end);
    return found ? found + strlen(end) : at + strlen(at);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* $$…$$ or $tag$…$tag$ of PostgreSQL. */
static const char *dollar_end(const char *at)
{
    size_t n = 1;
    while (is_word(at[n]))
        n++;
    if (at[n] != '$' || isdigit((unsigned char)at[1]))
        return at + 1;
    return after(at + n + 1, text_copy_n(at, n + 1));
}

const char *sql_token(const char *at)
{
    if (*at == '\'' || *at == '"')
        return quoted_end(at, *at);
    if (at[0] == '-' && at[1] == '-')
        return at + strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*')
        return after(at + 2, "*/");
    if (*at == '$')
        return dollar_end(at);
    if (!is_word(*at))
        return *at ? at + 1 : at;
    while (is_word(*at))
        at++;
    return at;
}

/* ---- Blocks for one engine ---- */

char *sql_for_engine(const char *sql, Engine engine)
{
    static const char mark[] = "-- engine:";
    const char *own = engine == ENGINE_SQLITE ? "sqlite" : "postgres";
    bool take = true;
    Buf out = { 0 };
    for (size_t size; *sql; sql += size) {
        size = strcspn(sql, "\n");
        char *line = text_trim(text_copy_n(sql, size));
        size += sql[size] == '\n';
        if (text_starts(line, mark)) {
            const char *name = text_trim(line + strlen(mark));
            take = text_is(name, "all") || text_is(name, own);
        } else if (take) {
            buf_add(&out, sql, size);
        }
    }
    return (char *)buf_end(&out);
}

/* ---- Types ---- */

static const char *sqlite_type(const char *word, size_t size)
{
    static const struct {
        const char *name, *own;
    } types[] = { { "bigint", "integer" }, { "jsonb", "json_text" }, { "bytea", "blob" } };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == size && strncasecmp(word, types[i].name, size) == 0)
            return types[i].own;
    return NULL;
}

char *sql_types_for_sqlite(const char *sql)
{
    Buf out = { 0 };
    for (const char *end; *sql; sql = end) {
        end = sql_token(sql);
        const char *type = sqlite_type(sql, (size_t)(end - sql));
        if (type)
            buf_text(&out, type);
        else
            buf_add(&out, sql, (size_t)(end - sql));
    }
    return (char *)buf_end(&out);
}

/* ---- Parameters ---- */

static bool is_null_test(const char *at)
{
    at += strspn(at, " \t\r\n");
    return strncasecmp(at, "is", 2) == 0 && isspace((unsigned char)at[2]);
}

static const char *add_parameter(Buf *out, const char *at, int *count)
{
    int n = 0;
    for (at++; isdigit((unsigned char)*at) && n < 100000; at++)
        n = n * 10 + (*at - '0');
    if (n > *count)
        *count = n;
    buf_fmt(out, is_null_test(at) ? "$%d::text" : "$%d", n);
    return at;
}

char *sql_for_postgres(const char *sql, int *count)
{
    Buf out = { 0 };
    *count = 0;
    while (*sql) {
        if (*sql == '?' && isdigit((unsigned char)sql[1])) {
            sql = add_parameter(&out, sql, count);
            continue;
        }
        const char *end = sql_token(sql);
        buf_add(&out, sql, (size_t)(end - sql));
        sql = end;
    }
    return (char *)buf_end(&out);
}
