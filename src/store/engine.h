/* What the two engines and the code above them share; private to this room.
 *
 * A Db is a connection, and while a transaction is open on it, that transaction. Above the table of
 * EngineCalls nothing knows which engine it talks to: rows.c and typed.c ask for statements and cells,
 * store.c for transactions, migrate.c for scripts.
 *
 * A statement that is running stands in the connection's list `active`. A fault may jump out of the middle of
 * it; whoever ends the transaction calls statements_abandon(), and nothing stays open. */
#ifndef SEN_STORE_ENGINE_H
#define SEN_STORE_ENGINE_H

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct EngineCalls EngineCalls;

/* ---- Statements (statements.c) ---- */

typedef struct Column {
    const char *name; /* in the heap block of Statement.columns */
    size_t name_size;
    ValueType
        type; /* VALUE_JSON or VALUE_BOOL when the column is declared so; else VALUE_NULL: as the cell says */
    bool is_key; /* "id" or "…_id": a decimal string in JSON */
} Column;

/* The engines' statements start with this. */
typedef struct Statement {
    char *sql; /* heap */
    uint64_t hash, types;
    Column *columns; /* heap; NULL until the first row */
    int column_count;
    bool busy, ready; /* ready: the engine has prepared it */
    bool stream;      /* of this run: there may be more rows than memory (db_each) */
    uint64_t last_used;
    int64_t began_us, spent_us;
    struct Statement *next;  /* in its bucket */
    struct Statement *below; /* in Db.active */
} Statement;

enum { STATEMENT_BUCKETS = 512, STATEMENT_MOST = 400, MEMO_SLOTS = 256 };

/* Prepared statements of one connection by their text; the memo finds again a text that stands at the same
 * place in memory. */
typedef struct Statements {
    Statement *buckets[STATEMENT_BUCKETS];
    struct {
        const char *sql;
        Statement *statement;
    } memo[MEMO_SLOTS];
    size_t count;
    uint64_t tick;
} Statements;

/* ---- Connections and transactions ---- */

typedef enum Mode {
    MODE_READ,
    MODE_WRITE,
    MODE_SCHEMA
} Mode; /* schema: as write, and alone among all processes */

typedef struct AfterCommit {
    void (*call)(void *argument);
    void *argument;
} AfterCommit;

typedef struct Verb Verb; /* a generated insert or update: typed.c */
enum { VERB_SLOTS = 256 };

struct Db {
    Store *store;
    const EngineCalls *calls;
    bool writable, open, rejected;
    Fault broken; /* the first statement that failed: the transaction can only be undone now */
    int64_t queries, time_us;
    int64_t run; /* of the write that is open: db_run() */
    Statements statements;
    Statement *active;
    Verb *verbs[VERB_SLOTS];
    AfterCommit *after; /* heap */
    size_t after_count, after_room;
    unsigned epoch;  /* of the schema that its statements were prepared against */
    struct Db *next; /* in the pool of readers */
};

/* ---- Writes waiting (queue.c) ---- */

typedef struct Write {
    WriteFn *write;
    DoneFn *done;
    void *argument;
    Mode mode;
} Write;

enum { QUEUE_MOST = 10000 };

typedef struct Queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    Write *ring; /* heap, QUEUE_MOST of them */
    size_t first, count;
    bool closed;
} Queue;

void queue_open(Queue *queue);
/* Raises FAULT_LIMIT when full, FAULT_STORE when closed. */
void queue_put(Queue *queue, const Write *write);
/* Waits for writes and takes up to `most`; 0: closed and empty. */
size_t queue_take(Queue *queue, Write *out, size_t most);
void queue_close(Queue *queue);
void queue_free(Queue *queue);

/* ---- The engine's side ---- */

struct EngineCalls {
    Engine engine;
    size_t statement_size;
    Db *(*connect)(Store *store); /* for reading; raises */
    void (*disconnect)(Db *db);
    void (*begin)(Db *db, Mode mode); /* raises */
    void (*end_read)(Db *db);         /* never raises */
    void (*prepare)(Db *db, Statement *statement, const Value *values);
    void (*start)(Db *db, Statement *statement, const Value *values);
    bool (*step)(Db *db, Statement *statement); /* is there a(nother) row? */
    void (*describe)(Db *db, Statement *statement);
    void (*cell)(Statement *statement, int column, Value *out); /* valid until the next step */
    int64_t (*finish)(Db *db, Statement *statement);            /* rows changed; never raises */
    void (*drop)(Db *db, Statement *statement);                 /* never raises */
    void (*script)(Db *db, const char *sql);                    /* one statement, not kept */
    bool (*complete)(const char *sql);                          /* does a ';' end the statement here? */
    void (*close)(Store *store); /* stops the writers, once the queue is closed */
    void (*backup)(Store *store, const char *path);
    char *(*integrity)(Store *store);
};

struct Store {
    const EngineCalls *calls;
    char *url; /* heap: the path, or what libpq understands */
    int readers, slow_ms;
    Queue queue;
    void *engine; /* the writers: owned by the engine */

    pthread_mutex_t lock; /* the pool of readers */
    pthread_cond_t freed;
    Db *idle;
    int connected, in_use;
    bool closing;
    atomic_uint epoch; /* grows with each migration */

    _Atomic int64_t reads, writes, commits, retries, query_count, busy_us;
};

void sqlite_start(Store *store);   /* opens the file, starts the writer; raises */
void postgres_start(Store *store); /* connects, starts the writers; raises */

/* ---- store.c, for the engines ---- */

/* Runs the function of a write behind a guard, from a clean state, with no statement left running. False:
 * *fault says why. */
bool write_run(Db *db, const Write *write, Fault *fault);
/* Calls what waits for a transaction's commit, then `done`. A fault in them is logged. */
void write_answer(Db *db, const Write *write, size_t after_from, size_t after_to, const Fault *fault);
/* As store_write_wait(), alone among all processes: for migrations. */
void store_schema_wait(Store *store, WriteFn *write, void *argument);
/* Statements of our own, in one transaction (migrate.c). */
void store_script(Store *store, const char *sql);
/* Gives back what a connection keeps: statements, verbs, lists. */
void db_forget(Db *db);
/* Before a transaction: drops statements prepared against an older schema. */
void db_refresh(Db *db);

/* ---- statements.c, for rows.c and typed.c ---- */

Statement *query_start(Db *db, const char *sql, const Value *values);
Statement *query_stream(Db *db, const char *sql, const Value *values);
bool query_step(Db *db, Statement *statement);
int64_t query_end(Db *db, Statement *statement);
void query_pause(Statement *statement);
void query_resume(Statement *statement);
void statements_abandon(Db *db);
void statements_forget(Db *db);
/* For an engine's describe(): columns with room for their names, and the naming of one. */
void columns_make(Statement *statement, int count, size_t names_size);
void column_name(Statement *statement, int index, char **room, const char *name);
/* Remembers the fault as the end of the transaction and raises it. */
_Noreturn void statement_failed(Db *db, const Fault *fault);

void verbs_forget(Db *db);
Value value_null(ValueType meant);

#endif
