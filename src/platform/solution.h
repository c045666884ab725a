/* A solution is a value: what a room of src/solutions (or a service of src/platform) brings, as tables.
 * main.c lists them; nothing registers itself. Found by convention, from the files embedded at build time:
 * migrations in <room>/schema/NNNN-name.sql, templates "room/view" in <room>/views/view.html, texts in
 * <room>/i18n/{vi,en}.json, processes in <room>/processes/ (.bpmn), forms in <room>/forms/ (.json). */
#ifndef SEN_PLATFORM_SOLUTION_H
#define SEN_PLATFORM_SOLUTION_H

#include "net/http.h"
#include "store/store.h"

/* A right that a role can hold. Scoped rights hold for the organisations of the assignment; others
 * everywhere. */
typedef struct Permission {
    const char *name;  /* "procedures.accept" */
    const char *title; /* i18n key */
    const char *
        roles; /* roles that hold it from the start: "reception leader"; names in platform/identity/roles.c */
} Permission;

typedef struct MenuItem {
    const char *path, *title, *permission; /* title: i18n key; shown to who has the permission ("public",
                                              "signed-in" and "citizen" are such, too) */
    const char *icon;                      /* name of a Tabler icon in web/icons */
    int order;                             /* small first */
} MenuItem;

/* What background work gets. Its transaction commits when it returns, and is undone by a fault. */
typedef struct Work {
    Db *db;
    int64_t now;
    Json data;          /* the event's data, or the job's payload */
    const char *topic;  /* event */
    int64_t subject_id; /* event */
    int attempt;        /* from 1 */
} Work;

typedef void WorkFn(Work *work);

/* Called for every event of the topic, at least once, in order per subject (platform/events). */
typedef struct Subscription {
    const char *topic; /* "procedures.dossier.accepted", or a prefix ending with ".*" */
    const char *name;  /* of the subscriber, unique, stable */
    WorkFn *run;
} Subscription;

/* A kind of background work (platform/jobs): run when asked for with jobs_add(), or by itself every so often.
 */
typedef struct Job {
    const char *type; /* "procedures.expire-drafts" */
    WorkFn *run;
    int every_s;      /* > 0: by itself, once in the whole cluster */
    int max_attempts; /* 0: 8; back-off 1 m, 5 m, 30 m, 2 h, 6 h */
    bool slow;        /* runs without a transaction of its own (work->db is a read) and opens one with
                         store_write_wait() */
} Job;

/* A figure for /metrics, read in a read transaction. */
typedef struct Metric {
    const char *name, *help; /* "sen_procedures_open_dossiers" */
    int64_t (*read)(Db *db);
} Metric;

/* What pages may listen to at /stream?topics=a,b (events_tell()). Whatever is told there must be fit for
 * everybody with the permission: the event says that something changed, the page asks again what it may see.
 */
typedef struct Topic {
    const char *name;       /* "dossiers" */
    const char *permission; /* "public", "signed-in", or one of a module */
} Topic;

struct WfHandler; /* platform/workflow/workflow.h */

typedef struct Solution {
    const char *name;  /* "procedures": the folder, the prefix of permissions, templates and texts */
    const char *title; /* i18n key; NULL for services of the platform */
    const Route *routes;
    const Permission *permissions;
    const MenuItem *menu;
    const Subscription *subscribes;
    const Job *jobs;
    const Metric *metrics;
    const Topic *topics;
    const struct WfHandler *handlers; /* service tasks of its processes */
    void (*start)(Store *store);      /* after migrations, before the first request; may be NULL */
    void (*stop)(void);               /* after the last request and job */
    void (*load_reference)(Db *db);   /* reference data, idempotent, at each start */
    void (*load_demo)(Store *store);  /* demonstration data, once, by `sen init --demo` */
    bool (*verify)(
        Db *db,
        Json complaints); /* adds sentences that name what is broken; true when sound (`sen verify`) */
} Solution;

/* All of them, NULL-ended, in dependency order (platform first). Set once by main.c. */
void solutions_use(const Solution *const *list);
const Solution *const *solutions(void);

#endif
