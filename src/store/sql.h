/* Reading SQL text as far as the store must: where a statement ends, and what differs between the engines. */
#ifndef SEN_STORE_SQL_H
#define SEN_STORE_SQL_H

#include "store/engine.h"

/* The end of the token that starts at `at`: a quoted text or name, a comment, a dollar-quoted text, a word or
 * number; else one character. */
const char *sql_token(const char *at);

/* The lines of a migration that are for this engine. */
char *sql_for_engine(const char *sql, Engine engine);
/* bigint → integer (so that `id bigint primary key` is SQLite's own key), jsonb → json_text, bytea → blob. */
char *sql_types_for_sqlite(const char *sql);
/* ?N → $N, and "?N is [not] null" → "$N::text is …", so that PostgreSQL knows a type. *count: the highest N.
 */
char *sql_for_postgres(const char *sql, int *count);

#endif
