/* Many rows with few statements: rows are gathered, then inserted fifty at a time. For loading only. */
#ifndef SEN_PROCEDURES_BULK_H
#define SEN_PROCEDURES_BULK_H

#include "store/store.h"

typedef struct Bulk {
    Db *db;
    const char *table;
    const char *columns;       /* "a, b, c" */
    size_t width, count, room; /* columns; values gathered, and room for them */
    Value *values;
} Bulk;

Bulk *bulk_new(Db *db, const char *table, const char *columns);
/* One row, as many values as columns; what they point to must live until bulk_insert(). */
void bulk_row(Bulk *bulk, const Value *values);
/* One row from a struct and its fields, which must be the columns. */
void bulk_struct(Bulk *bulk, const Field *fields, const void *row);
/* Forgets the rows after the first `count` values: of a story that is told anew. */
void bulk_back(Bulk *bulk, size_t count);
void bulk_insert(Bulk *bulk);

#endif
