/* Recomputes the chain and names what does not fit.
 *
 * Three things can be wrong with a row, and each leaves its own trace:
 *   - its content was changed: its own hash does not come out any more;
 *   - it is missing: the numbers of its stream have a gap there, or the head says that the stream was longer.
 * Its key is known all the same, because the row after it, or the head, carries it;
 *   - it was rewritten together with its hash: then the row after it (or the head) holds the hash of another
 * row. The row after a changed one is not accused as well: it may follow either the stored or the recomputed
 * hash. */
#include "platform/audit/audit.h"
#include "platform/audit/chain.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/text.h"
#include "base/arena.h"

#include <string.h>

enum { MOST_COMPLAINTS = 200 };

typedef struct Walk {
    Json complaints;
    size_t broken;
    Arena *rows; /* for one row at a time */
    int64_t stream, seq, id;
    char stored[65], computed[65]; /* hash of the row before */
    int64_t last_seq[AUDIT_STREAMS + 1], last_id[AUDIT_STREAMS + 1];
    char last_stored[AUDIT_STREAMS + 1][65], last_computed[AUDIT_STREAMS + 1][65];
} Walk;

static void complain(Walk *w, int64_t id, int64_t stream, int64_t seq, const char *what)
{
    if (w->broken++ >= MOST_COMPLAINTS)
        return;
    const char *key = id ? fmt(" %lld", (long long)id) : "";
    json_add_str(w->complaints, fmt("audit row%s (stream %lld, seq %lld): %s", key, (long long)stream,
                                    (long long)seq, what));
}

/* The rows first..last are gone; only the key of the last is known. */
static void complain_missing(Walk *w, int64_t stream, int64_t first, int64_t last, int64_t last_id)
{
    if (last - first > 1)
        complain(w, 0, stream, first, fmt("missing, and all after it before seq %lld", (long long)last));
    else if (last - first == 1)
        complain(w, 0, stream, first, "missing");
    complain(w, last_id, stream, last, "missing");
}

static void begin_stream(Walk *w, int64_t stream)
{
    w->stream = stream;
    w->seq = w->id = 0;
    strcpy(w->stored, audit_genesis);
    strcpy(w->computed, audit_genesis);
}

static void remember(Walk *w, Json row, const char *computed)
{
    w->seq = json_int(row, "seq");
    w->id = json_id(row, "id");
    snprintf(w->stored, sizeof w->stored, "%s", json_str(row, "hash"));
    snprintf(w->computed, sizeof w->computed, "%s", computed);
    if (w->stream < 1 || w->stream > AUDIT_STREAMS)
        return;
    w->last_seq[w->stream] = w->seq;
    w->last_id[w->stream] = w->id;
    strcpy(w->last_stored[w->stream], w->stored);
    strcpy(w->last_computed[w->stream], w->computed);
}

/* The details as JSON; text that is none stands for itself, and so cannot come out right. */
static void read_details(Json row)
{
    char error[200];
    const char *text = json_str(row, "details_text");
    Json details = json_has(row, "details_text") ? json_parse(text, strlen(text), error, sizeof error) : NULL;
    if (json_has(row, "details_text"))
        json_set(row, "details", details ? details : json_string(text));
}

static void check_place(Walk *w, Json row, bool content_ok)
{
    int64_t seq = json_int(row, "seq"), id = json_id(row, "id");
    const char *prev = json_str(row, "prev");
    if (seq > w->seq + 1) {
        complain_missing(w, w->stream, w->seq + 1, seq - 1, json_id(row, "prev_id"));
        return;
    }
    if (!content_ok || text_is(prev, w->stored) || text_is(prev, w->computed))
        return;
    if (!w->seq)
        complain(w, id, w->stream, seq, "chain broken: the first row of a stream must follow nothing");
    else
        complain(w, id, w->stream, seq,
                 fmt("chain broken: it does not follow row %lld (seq %lld), one of the two was rewritten",
                     (long long)w->id, (long long)w->seq));
}

static bool check_row(Json row, void *argument)
{
    Walk *w = argument;
    Arena *before = arena_use(w->rows);
    if (json_int(row, "stream") != w->stream)
        begin_stream(w, json_int(row, "stream"));
    read_details(row);
    const char *computed = audit_hash(row);
    bool ok = text_is(computed, json_str(row, "hash"));
    arena_use(before);
    if (!ok)
        complain(w, json_id(row, "id"), w->stream, json_int(row, "seq"), "content was changed");
    check_place(w, row, ok);
    remember(w, row, computed);
    arena_reset(w->rows);
    return true;
}

/* The head knows how long its stream is and what its last hash was. */
static void check_head(Walk *w, Json head)
{
    int64_t stream = json_int(head, "stream"), seq = json_int(head, "seq"), id = json_id(head, "row_id");
    if (stream < 1 || stream > AUDIT_STREAMS) {
        complain(w, id, stream, seq, "a head of a stream that does not exist");
        return;
    }
    int64_t last = w->last_seq[stream];
    w->last_seq[stream] = -1;
    if (seq > last)
        complain_missing(w, stream, last + 1, seq, id);
    else if (seq < last)
        complain(w, w->last_id[stream], stream, last, "the head of the stream was set back");
    else if (id != w->last_id[stream] || (!text_is(json_str(head, "hash"), w->last_stored[stream]) &&
                                          !text_is(json_str(head, "hash"), w->last_computed[stream])))
        complain(w, w->last_id[stream], stream, seq,
                 "chain broken: the head of the stream holds another hash, one of the two was rewritten");
}

static void check_heads(Walk *w, Db *db)
{
    Json heads = db_rows(db, "select stream, seq, row_id, hash from audit_head order by stream");
    json_each (heads, i, head)
        check_head(w, head);
    for (int stream = 1; stream <= AUDIT_STREAMS; stream++)
        if (w->last_seq[stream] >= 0)
            complain(w, w->last_id[stream], stream, w->last_seq[stream], "the head of the stream is missing");
}

/* What an anchor said of a day must still stand: the row that was the head then has the hash it had then. */
static void check_anchors(Walk *w, Db *db)
{
    Json anchors = db_rows(db, "select day, root, heads from audit_anchor order by day");
    json_each (anchors, i, anchor) {
        Json heads = json_at(anchor, "heads");
        if (!text_is(audit_root(heads), json_str(anchor, "root")) && w->broken++ < MOST_COMPLAINTS)
            json_add_str(w->complaints, fmt("audit anchor of day %lld: its heads do not give its root",
                                            (long long)json_int(anchor, "day")));
        json_each (heads, k, head) {
            int64_t stream = json_int(head, "stream"), seq = json_int(head, "seq");
            const char *hash =
                db_text(db, "select hash from audit where stream = ?1 and seq = ?2", I(stream), I(seq));
            if (hash && !text_is(hash, json_str(head, "hash")))
                complain(w, json_id(head, "row_id"), stream, seq, "differs from what was anchored");
        }
    }
}

static void release_arena(void *arena)
{
    arena_free(arena);
}

bool audit_verify(Db *db, Json complaints)
{
    Walk *w = alloc(sizeof *w);
    w->complaints = complaints;
    for (int stream = 1; stream <= AUDIT_STREAMS; stream++)
        strcpy(w->last_stored[stream], audit_genesis);
    w->rows = arena_new(0);
    if (!w->rows)
        raise_fault(FAULT_MEMORY, "audit.verify", "no memory to verify the audit chain");
    arena_defer(release_arena, w->rows);
    db_each(db,
            "select id, stream, seq, at, actor, on_behalf_of, org_id, session_id, action, object, case_id, "
            "result, ip_prefix, trace_id, "
            "cast(details as text) as details_text, prev_id, prev, hash from audit order by stream, seq",
            VALUES(), check_row, w);
    check_heads(w, db);
    check_anchors(w, db);
    if (w->broken > MOST_COMPLAINTS)
        json_add_str(complaints, fmt("audit: %zu more rows are broken", w->broken - MOST_COMPLAINTS));
    return !w->broken;
}
