/* The two pages that paper leads to.
 *
 * GET /status?code=&k=: one indexed read, no personal data. An unknown code and a wrong check word get the
 * same answer. Five wrong words for a code within an hour close its page until the hour is over: 40 bits
 * against five guesses. A reading route cannot write, so a wrong word is counted in a write of its own right
 * after.
 *
 * GET /verify/{token}: who issued, number, date, signer, whether the signatures hold now, and the digest;
 * never the content. */
#include "solutions/procedures/public.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/files/files.h"
#include "platform/signatures/signatures.h"
#include "platform/view/view.h"
#include "solutions/procedures/codes.h"
#include "solutions/procedures/record.h"
#include "solutions/procedures/results.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { KEY_SIZE = 32, TRIES_PER_HOUR = 5 };

/* Owned by this file from public_start() to public_stop(). */
static unsigned char key[KEY_SIZE];
static size_t key_size;

static void make_key(const char *path)
{
    unsigned char fresh[KEY_SIZE];
    random_bytes(fresh, sizeof fresh);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool whole = fd >= 0 && write(fd, fresh, sizeof fresh) == (ssize_t)sizeof fresh && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!whole && errno != EEXIST)
        raise_fault(FAULT_STORE, "procedures.key", "%s: %s", path, strerror(errno));
}

/* Paper outlives programs: the key is made once and goes with the backup. */
void public_start(Store *store)
{
    const char *path = fmt("%s/keys/check-word.key", settings()->data_dir);
    (void)store;
    if (access(path, F_OK) != 0)
        make_key(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, key, sizeof key);
    if (fd >= 0)
        close(fd);
    if (size != (ssize_t)sizeof key)
        raise_fault(FAULT_STORE, "procedures.key", "%s cannot be read whole", path);
    key_size = sizeof key;
}

void public_stop(void)
{
    memset(key, 0, sizeof key);
    key_size = 0;
}

char *public_check_word(const char *code)
{
    if (!key_size)
        raise_fault(FAULT_INTERNAL, "procedures.key", "check words are asked for before public_start()");
    return check_word(key, key_size, code);
}

/* ---- Status ---- */

const Param status_params[] = {
    { .name = "code", .type = PARAM_TEXT, .max = 80 },
    { .name = "k", .type = PARAM_TEXT, .max = 20 },
    { 0 },
};

typedef struct Try {
    char code[96]; /* heap: outlives the request */
    int64_t hour;
} Try;

static void count_try(Db *db, void *argument)
{
    Try *t = argument;
    Arena *arena = arena_new(0), *before = arena_use(arena);
    db_exec(db, "delete from prc_status_try where hour < ?1", I(t->hour - 1));
    db_exec(db,
            "insert into prc_status_try (code, hour, tries) values (?1, ?2, 1)"
            " on conflict (code, hour) do update set tries = prc_status_try.tries + 1",
            T(t->code), I(t->hour));
    arena_use(before);
    arena_free(arena);
}

static void counted(void *argument, const Fault *fault)
{
    if (fault)
        log_warn("procedures.status.try", "message", fault->message, NULL);
    heap_free(argument);
}

static void wrong_word(Request *rq, const char *code)
{
    Try *t = heap_alloc(sizeof *t);
    snprintf(t->code, sizeof t->code, "%s", code);
    t->hour = rq->now / HOUR_MS;
    store_write(db_store(rq->db), count_try, counted, t);
}

static Reply ask_for_code(Request *rq, const char *code, const char *problem_key)
{
    Json model = json_new();
    json_set_str(model, "code", code);
    json_set_bool(model, "asks", true);
    json_set_str(model, "problem", problem_key ? text_in(rq->lang, problem_key, NULL) : NULL);
    Reply reply = page(rq, "procedures/status", model);
    if (problem_key)
        reply.status = 404;
    return reply;
}

static Json status_model(Request *rq, Json row)
{
    Json model = json_new();
    const State *state = state_find(json_str(row, "status"));
    int64_t due = json_int(row, "due_at"), finished = json_int(row, "finished_at");
    json_set_str(model, "code", json_str(row, "code"));
    json_set_str(model, "procedure", json_str(row, "procedure"));
    json_set_str(model, "status", state->name);
    json_set_int(model, "national_status", state->national);
    json_set_str(model, "state", status_text(rq->lang, state->name));
    json_set_str(model, "colour", state->colour);
    json_set_int(model, "submitted_at", json_int(row, "submitted_at"));
    json_set_int(model, "accepted_at", json_int(row, "accepted_at"));
    json_set_int(model, "due_at", due);
    json_set_int(model, "finished_at", finished);
    json_set_bool(model, "late", due && (finished ? finished > due : state->running && rq->now > due));
    json_set_str(model, "body",
                 org_by_id(json_id(row, "org_id")) ? org_by_id(json_id(row, "org_id"))->name : "");
    return model;
}

Reply status_show(Request *rq)
{
    const char *code = text_trim(in_str(rq, "code")), *word = text_trim(in_str(rq, "k"));
    if (!*code || !*word)
        return ask_for_code(rq, code, NULL);
    if (db_int(rq->db, "select coalesce(sum(tries), 0) from prc_status_try where code = ?1 and hour = ?2",
               T(code), I(rq->now / HOUR_MS)) >= TRIES_PER_HOUR) {
        Reply reply = problem(rq, 429, "procedures.status.locked", NULL);
        reply_header(&reply, "Retry-After",
                     fmt("%lld", (long long)((HOUR_MS - rq->now % HOUR_MS) / SECOND_MS + 1)));
        return reply;
    }
    Json row = db_row(rq->db,
                      "select d.code, d.status, d.submitted_at, d.accepted_at, d.due_at, d.finished_at, "
                      "d.org_id, p.name as procedure"
                      " from prc_dossier d join prc_procedure p on p.id = d.procedure_id where d.code = ?1",
                      T(code));
    bool right = row && equal_secret(public_check_word(code), word);
    if (!right) {
        if (row)
            wrong_word(rq, code);
        return ask_for_code(rq, code, "procedures.status.wrong");
    }
    return page(rq, "procedures/status", status_model(rq, row));
}

/* ---- Verification of a result ---- */

static Json signature_lines(Request *rq, const Result *r, bool *all_good)
{
    size_t size;
    const void *pdf = files_read(r->sha256, &size);
    Json lines = json_list(), found = signatures_verify(rq->db, pdf, size, rq->now);
    *all_good = json_array_size(found) > 0;
    json_each (found, i, signature) {
        bool good = text_is(json_str(signature, "indication"), "TOTAL-PASSED");
        Json line = json_new();
        *all_good = *all_good && good;
        json_set_str(line, "signer", json_str(signature, "signer"));
        json_set_int(line, "signed_at", json_int(signature, "signed_at"));
        json_set_bool(line, "good", good);
        json_set_str(line, "text",
                     text_in(rq->lang, good ? "procedures.verify.good" : "procedures.verify.bad", NULL));
        json_set_str(line, "colour", good ? "green" : "red");
        json_add(lines, line);
    }
    return lines;
}

Reply verify_show(Request *rq)
{
    Result r;
    Dossier d;
    bool good;
    if (!result_by_token(rq->db, path_str(rq, "token"), &r) || !dossier_find(rq->db, r.dossier_id, &d))
        return not_found(rq, "procedures.verify.missing");
    Json model = json_new();
    const Org *org = org_by_id(d.org_id);
    bool revoked = text_is(r.state, "revoked");
    json_set(model, "signatures", signature_lines(rq, &r, &good));
    json_set_bool(model, "valid", good && !revoked);
    json_set_bool(model, "revoked", revoked);
    json_set_str(model, "issuer", org ? org->name : "");
    json_set_str(model, "number", r.number);
    json_set_int(model, "dated_at", r.dated_at);
    json_set_int(model, "issued_at", r.issued_at);
    json_set_str(model, "signer", r.signer_name);
    json_set_str(model, "sha256", r.sha256);
    return page(rq, "procedures/verify", model);
}
