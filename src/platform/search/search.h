/* Full-text search with folded Vietnamese: FTS5 on SQLite, tsvector on PostgreSQL. */
#ifndef SEN_PLATFORM_SEARCH_H
#define SEN_PLATFORM_SEARCH_H

#include "platform/solution.h"

extern const Solution search_solution;

/* Puts or replaces the text of one thing. `title` weighs more than `text`. Both are folded here. */
void search_put(Db *db, const char *kind, int64_t id, const char *title, const char *text);
void search_remove(Db *db, const char *kind, int64_t id);
/* Ids of the best matches for what a person typed (each word as a prefix, all words), best first. */
size_t search_find(Db *db, const char *kind, const char *typed, size_t limit, int64_t **ids);
/* A condition for a query: "d.id in (select …)"; 1=1 when nothing searchable was typed. The text is bound
 * into the SQL safely. */
const char *search_sql(Db *db, const char *kind, const char *typed, const char *column);

#endif
