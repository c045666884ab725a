/* Prepared statements of a connection, and the running of one.
 *
 * A text is looked up first by where it stands (SQL is mostly literals), then by what it says. A statement
 * that is running already (a query inside db_each over the same text) gets a twin. The least recently used
 * one gives way when there are too many. */
#include "store/engine.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static uint64_t hash_text(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h ^ h >> 29;
}

/* The types of the parameters, as a number: PostgreSQL infers a statement's plan and casts from them. */
static uint64_t types_of(const Value *values)
{
    uint64_t types = 14695981039346656037u;
    for (; values->type != VALUE_END; values++)
        types = (types ^ (uint64_t)(values->type == VALUE_NULL ? values->i : (int64_t)values->type)) *
                1099511628211u;
    return types;
}

static bool fits(const Statement *statement, const char *sql, uint64_t types)
{
    return !statement->busy && statement->types == types && strcmp(statement->sql, sql) == 0;
}

static void drop(Db *db, Statement *statement)
{
    Statement **link = &db->statements.buckets[statement->hash % STATEMENT_BUCKETS];
    while (*link != statement)
        link = &(*link)->next;
    *link = statement->next;
    db->statements.count--;
    for (int i = 0; i < MEMO_SLOTS; i++)
        if (db->statements.memo[i].statement == statement)
            db->statements.memo[i].statement = NULL;
    if (statement->ready)
        db->calls->drop(db, statement);
    heap_free(statement->columns);
    heap_free(statement->sql);
    heap_free(statement);
}

static void make_room(Db *db)
{
    Statement *oldest = NULL;
    for (int i = 0; i < STATEMENT_BUCKETS; i++)
        for (Statement *s = db->statements.buckets[i]; s; s = s->next)
            if (!s->busy && (!oldest || s->last_used < oldest->last_used))
                oldest = s;
    if (oldest)
        drop(db, oldest);
}

/* Linked in before it is complete, so that a fault on the way loses nothing. */
static Statement *make(Db *db, const char *sql, uint64_t hash, uint64_t types)
{
    if (db->statements.count >= STATEMENT_MOST)
        make_room(db);
    char *copy = heap_dup(sql);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        heap_free(copy);
        raise_again(&guard.fault);
    }
    Statement *statement = heap_alloc(db->calls->statement_size);
    guard_leave(&guard);
    *statement = (Statement){ .sql = copy, .hash = hash, .types = types };
    Statement **bucket = &db->statements.buckets[hash % STATEMENT_BUCKETS];
    statement->next = *bucket;
    *bucket = statement;
    db->statements.count++;
    return statement;
}

static Statement *find(Db *db, const char *sql, uint64_t types)
{
    size_t slot = ((uintptr_t)sql >> 3 ^ (uintptr_t)sql >> 11) % MEMO_SLOTS;
    Statement *statement = db->statements.memo[slot].statement;
    if (statement && db->statements.memo[slot].sql == sql && fits(statement, sql, types))
        return statement;
    uint64_t hash = hash_text(sql);
    statement = db->statements.buckets[hash % STATEMENT_BUCKETS];
    while (statement && !(statement->hash == hash && fits(statement, sql, types)))
        statement = statement->next;
    if (!statement)
        statement = make(db, sql, hash, types);
    db->statements.memo[slot].sql = sql;
    db->statements.memo[slot].statement = statement;
    return statement;
}

static void check_usable(const Db *db)
{
    if (!db->open)
        fault_abort("a query outside of a transaction");
    if (db->broken.kind)
        raise_again(&db->broken);
}

static Statement *begin_query(Db *db, const char *sql, const Value *values, bool stream)
{
    check_usable(db);
    int64_t began = monotonic_us();
    Statement *statement = find(db, sql, types_of(values));
    statement->last_used = ++db->statements.tick;
    statement->began_us = began;
    statement->spent_us = 0;
    statement->stream = stream;
    statement->busy = true;
    statement->below = db->active;
    db->active = statement;
    if (!statement->ready) {
        db->calls->prepare(db, statement, values);
        statement->ready = true;
    }
    db->calls->start(db, statement, values);
    return statement;
}

Statement *query_start(Db *db, const char *sql, const Value *values)
{
    return begin_query(db, sql, values, false);
}

Statement *query_stream(Db *db, const char *sql, const Value *values)
{
    return begin_query(db, sql, values, true);
}

bool query_step(Db *db, Statement *statement)
{
    bool row = db->calls->step(db, statement);
    if (row && !statement->columns)
        db->calls->describe(db, statement);
    return row;
}

void query_pause(Statement *statement)
{
    statement->spent_us += monotonic_us() - statement->began_us;
}

void query_resume(Statement *statement)
{
    statement->began_us = monotonic_us();
}

/* Parameters are never logged: they are people's data. */
static void log_slow(const Statement *statement, int64_t us)
{
    char ms[24], sql[1000];
    snprintf(ms, sizeof ms, "%lld", (long long)us / 1000);
    snprintf(sql, sizeof sql, "%s", statement->sql);
    log_warn("store.slow", "ms", ms, "sql", sql, NULL);
}

static int64_t end_top(Db *db)
{
    Statement *statement = db->active;
    db->active = statement->below;
    statement->busy = false;
    return statement->ready ? db->calls->finish(db, statement) : 0;
}

int64_t query_end(Db *db, Statement *statement)
{
    while (db->active != statement) /* left behind by a fault that somebody caught */
        end_top(db);
    int64_t changed = end_top(db);
    query_pause(statement);
    int64_t us = statement->spent_us;
    db->queries++;
    db->time_us += us;
    atomic_fetch_add_explicit(&db->store->query_count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&db->store->busy_us, us, memory_order_relaxed);
    if (db->store->slow_ms && us >= db->store->slow_ms * (int64_t)1000)
        log_slow(statement, us);
    return changed;
}

void statements_abandon(Db *db)
{
    while (db->active)
        end_top(db);
}

void statements_forget(Db *db)
{
    statements_abandon(db);
    for (int i = 0; i < STATEMENT_BUCKETS; i++)
        while (db->statements.buckets[i])
            drop(db, db->statements.buckets[i]);
}

void columns_make(Statement *statement, int count, size_t names_size)
{
    statement->columns = heap_alloc((size_t)(count ? count : 1) * sizeof(Column) + names_size);
    statement->column_count = count;
}

void column_name(Statement *statement, int index, char **room, const char *name)
{
    Column *column = &statement->columns[index];
    column->name_size = strlen(name);
    column->name = memcpy(*room, name, column->name_size + 1);
    *room += column->name_size + 1;
    column->is_key = strcmp(name, "id") == 0 ||
                     (column->name_size > 3 && strcmp(name + column->name_size - 3, "_id") == 0);
}

void statement_failed(Db *db, const Fault *fault)
{
    if (!db->broken.kind)
        db->broken = *fault;
    raise_again(fault);
}
