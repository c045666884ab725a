/* One inbox for all modules: what a person, or a group at a body, has to do (spec 23 §5.5). Table `task` is
 * spec 23's wf_user_task; a process creates its rows, and so may any module without a process. */
#ifndef SEN_PLATFORM_TASKS_H
#define SEN_PLATFORM_TASKS_H

#include "net/http.h"
#include "platform/solution.h"

extern const Solution tasks_solution; /* /tasks: mine, my groups', overdue */

typedef struct Task {
    int64_t id;
    const char *module;  /* "procedures" */
    const char *title;   /* i18n key or text */
    const char *subject; /* what it is about, for people: "H20.17-20261120-0000123 · Nguyễn Văn An" */
    const char *url;     /* where it is done */
    int64_t subject_id;
    int64_t org_id;                /* the body that has to do it */
    const char *role;              /* candidates: who has this role there */
    int64_t assignee_id;           /* 0: whoever claims it */
    int64_t excluded_id;           /* four eyes: this account may not */
    int64_t due_at;                /* 0: none; the earlier of step_due_at and the whole's */
    int64_t step_due_at;           /* of this step alone; 0: none */
    int64_t instance_id, scope_id; /* the process, if any */
    const char *element_id, *form_id;
    const char *state; /* created claimed completed canceled */
    int64_t created_at, claimed_at, completed_at;
    const char *outcome;
} Task;

int64_t tasks_create(Db *db, const Task *task, int64_t now); /* notifies the candidates */
bool tasks_find(Db *db, int64_t id, Task *out);
/* The open task of a subject at this element ("" for any), 0 when none. */
int64_t tasks_open(Db *db, int64_t subject_id, const char *element_id);
typedef enum TaskClaim { CLAIM_OK, CLAIM_TAKEN, CLAIM_SAME_PERSON, CLAIM_NOT_YOURS, CLAIM_GONE } TaskClaim;
TaskClaim tasks_claim(Db *db, int64_t id, const struct Actor *actor, int64_t now);
/* May this person do it now (claims it if it is free)? */
TaskClaim tasks_may_do(Db *db, int64_t id, const struct Actor *actor, int64_t now);
/* The open task of an element instance, 0 when none. */
int64_t tasks_of_scope(Db *db, int64_t scope_id);
/* Who completed this element of the instance last, 0 when nobody. */
int64_t tasks_completed_by(Db *db, int64_t instance_id, const char *element_id);
/* Of these accounts the one with the least open work (spec 23 §7.4), 0 when there is none but `excluded`. */
int64_t tasks_least_loaded(Db *db, const int64_t *accounts, size_t count, int64_t excluded, int64_t now);
/* Moves due dates of an instance's open tasks: the whole is now due at `due_at`, was at `was`. A later date
 * (the clock stood still) moves the step's own limit by the same working time. */
void tasks_due_changed(Db *db, int64_t instance_id, int64_t was, int64_t due_at);
void tasks_close(Db *db, int64_t id, const char *state, const char *outcome, int64_t by, int64_t now);

#endif
