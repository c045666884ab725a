/* One dossier: its row, its moves, its chain of events. Everything that changes a dossier goes through
 * dossier_move() or dossier_note(). */
#ifndef SEN_PROCEDURES_DOSSIER_H
#define SEN_PROCEDURES_DOSSIER_H

#include "platform/identity/identity.h"
#include "platform/solution.h"
#include "solutions/procedures/catalogue.h"
#include "solutions/procedures/clock.h"
#include "solutions/procedures/states.h"

typedef struct Dossier {
    int64_t id;
    const char *code, *national_id;
    int64_t procedure_id, version_id, case_id, channel;
    int64_t applicant_account_id;
    const char *applicant_name, *applicant_pid, *applicant_phone, *applicant_email, *applicant_address;
    const char *owner_name, *owner_pid;
    int64_t owner_kind;
    const char *representative_name, *representative_pid, *authority;
    int64_t assisted_by_id;
    const char *support_point;
    int64_t reception_org_id, org_id;
    int64_t submitted_at, accepted_at, original_due_at, due_at, finished_at, returned_at; /* 0: not yet */
    const char *status, *status_before, *step;
    Json form_data;
    int64_t fee_vnd;
    bool fee_known;
    const char *fee_state, *owner_system;
    int64_t source_time;
    const char *retention, *request_id;
    int64_t instance_id, handler_id;
    const char *handler_name;
    int64_t supplement_count, created_at, updated_at, urgent_at, event_seq;
    const char *event_hash;

    bool fresh; /* not in the store yet: its first event inserts it */
    const struct Dossier
        *stored; /* what its row holds in the run `stored_in` of a write: what differs is saved */
    int64_t stored_in;
} Dossier;

extern const Field dossier_fields[];

bool dossier_find(Db *db, int64_t id, Dossier *out);
/* For ETag and If-Match. */
const char *dossier_version(const Dossier *d);
int64_t dossier_urgency(const Dossier *d); /* its place in work lists, small first */
void dossier_insert(Db *db, Dossier *d);
void dossier_save(Db *db, Dossier *d, int64_t now);

/* What a move or note carries besides its name. */
typedef struct Act {
    const Actor *actor;
    int64_t now;
    const char *note;    /* the ground, in the officer's words; NULL: none */
    Json data;           /* NULL: none */
    int64_t document_id; /* the file that it made */
} Act;

/* Makes a move of states.c: status, due date, event, audit, outbox, browsers, all in this transaction, and
 * saves `d`. False, and nothing done, when the table does not allow it. */
bool dossier_move(Db *db, Dossier *d, const char *event, const Act *act);
/* An event that changes no state: "draft_result", "sign", "number". */
void dossier_note(Db *db, Dossier *d, const char *kind, const Act *act);
/* 409 that names the allowed moves. */
Reply dossier_move_refused(Request *rq, const Dossier *d, const char *event);

/* The dossier's limit, its interruptions from its events, and its due date by them (0: no limit). */
Limit dossier_limit(Db *db, const Version *v, const Dossier *d);
size_t dossier_interruptions(Db *db, const Version *v, int64_t dossier_id, Interruption **stops);
int64_t dossier_due(Db *db, const Version *v, const Dossier *d, int64_t now);
/* Past its due date, while the clock runs or at its end. */
bool dossier_late(const Dossier *d, int64_t now);

/* The seal of one event over the seal before it; pure. */
typedef struct Event {
    int64_t dossier_id, seq, at, actor_id;
    const char *kind, *from_status, *to_status, *note;
    int64_t document_id;
    Json data;
} Event;
char *event_seal(const char *before, const Event *event);

/* The next number of an agency in a period (a local day, or a year), from 1. */
int64_t sequence_next(Db *db, const char *agency, int64_t period);

/* ---- Rights (spec 03 §4.4) ---- */
bool dossier_is_mine(const Dossier *d, const Actor *actor);
bool dossier_may_read(const Dossier *d, const Actor *actor);
/* May this official do acts of `permission` on it (at the body that received or handles it)? */
bool dossier_may(const Dossier *d, const Actor *actor, const char *permission);
const char *dossier_scope(const Actor *actor);
/* Four eyes: has the actor already done an act on this dossier that excludes this one? The act's name, or
 * NULL. */
const char *dossier_same_eyes(Db *db, const Dossier *d, const Actor *actor, const char *act);

#endif
