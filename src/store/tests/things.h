/* What the tests of the store have in common: one table with a column of every type, and small writes to it.
 */
#ifndef SEN_STORE_TESTS_THINGS_H
#define SEN_STORE_TESTS_THINGS_H

#include "store/test_store.h"
#include "base/arena.h"
#include "base/test.h"
#include "base/text.h"

typedef struct Thing {
    int64_t id, count;
    const char *name;
    double size;
    bool good;
    Json data;
    int64_t other_id;
} Thing;

static const Field thing_fields[] = { FIELD(ID, Thing, id),       FIELD(INT, Thing, count),
                                      FIELD(TEXT, Thing, name),   FIELD(REAL, Thing, size),
                                      FIELD(BOOL, Thing, good),   FIELD(JSON, Thing, data),
                                      FIELD(ID, Thing, other_id), { 0 } };

static const Migration things_migration = {
    "tests/0001-things",
    "-- Things; of every type one.\n"
    "create table thing (\n"
    "    id bigint primary key,\n"
    "    count bigint not null check (count >= 0),\n"
    "    name text unique, /* a comment; with a semicolon;\n */"
    "    size double precision,\n"
    "    good boolean,\n"
    "    data jsonb,\n"
    "    raw bytea,\n"
    "    small integer,\n"
    "    other_id bigint references thing(id)\n"
    ");\n"
    "create index thing_other on thing (other_id); -- and one more\n"
    "create table counter (id bigint primary key, n bigint not null);\n"
    "insert into counter (id, n) values (1, 0);\n",
};

static inline Store *open_things(void)
{
    Store *store = test_store_open();
    store_migrate(store, &things_migration, 1);
    return store;
}

/* A write that is one SQL statement. */
typedef struct Sql {
    const char *sql;
    const Value *values;
} Sql;

static inline void run_sql(Db *db, void *argument)
{
    const Sql *sql = argument;
    db_exec_values(db, sql->sql, sql->values);
}

#define WRITE(store, sql, ...) store_write_wait((store), run_sql, &(Sql){ (sql), VALUES(__VA_ARGS__) })

static inline int64_t read_int(Store *store, const char *sql)
{
    Db *db = store_read_begin(store);
    int64_t i = db_int_values(db, sql, VALUES());
    store_read_end(db);
    return i;
}

#endif
