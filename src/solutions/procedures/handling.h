/* What officials and applicants do with a dossier after it was filed: the acts behind POST /dossiers/{id}/…,
 * each one move of states.c. */
#ifndef SEN_PROCEDURES_HANDLING_H
#define SEN_PROCEDURES_HANDLING_H

#include "platform/workflow/workflow.h"
#include "solutions/procedures/dossier.h"

/* One-stop desk and applicant: handling.c */
Handler dossier_accept, dossier_refuse, dossier_request_supplement, dossier_supplement;
Handler dossier_withdraw, dossier_settle_withdrawal, dossier_stop, dossier_pay;
extern const Param accept_params[], ground_params[], request_supplement_params[], supplement_params[],
    withdraw_params[], settle_params[], pay_params[];
/* Specialist, leader, clerk, return desk: deciding.c */
Handler dossier_examine, dossier_return_draft, dossier_sign, dossier_issue, dossier_deliver;
extern const Param examine_params[], return_params[], deliver_params[];

/* The dossier of the path, if this person may do `permission` on it (NULL: the applicant) and the table
 * allows `event` now (NULL: in_progress, no move). False: the refusal is the answer. */
bool open_for(Request *rq, const char *permission, const char *event, Dossier *d, Reply *refusal);
Act act_of(Request *rq, const char *note);
/* 303 to the dossier's page; programs get {id, code, status, due_at}. */
Reply dossier_done(Request *rq, const Dossier *d);
void tell_applicant(Db *db, const Dossier *d, const char *event, const char *note);

/* ---- The acts themselves, for whoever may do them ---- */
void handling_ask(Db *db, Dossier *d, const char *event, const char *ground, Json items, const Act *act);
void handling_answer(Db *db, Dossier *d, const char *event, const Act *act);
void handling_withdraw(Db *db, Dossier *d, const Act *act);
WfAnswer handling_draft(Db *db, Dossier *d, const char *kind, const char *title, const char *conclusion,
                        bool tax, const Act *act);

/* ---- Its process (process.c) ---- */
extern const WfHandler process_handlers[];
/* Starts the process of the version when the dossier is accepted, and reads the dossier again. */
void process_start(Db *db, Dossier *d, const Version *v, const Actor *actor, int64_t now);
/* The open user task of the dossier's process: "examine", "sign" …; "" when none. */
const char *process_step(Db *db, int64_t dossier_id);
/* Completes the open task of this element with an outcome. WF_OK or why not. */
WfAnswer process_complete(Db *db, const Dossier *d, const Actor *actor, const char *element,
                          const char *outcome, Json data, int64_t now);
/* May this person do the open task of this element? A refusal otherwise (four eyes, taken, not open). */
bool process_may(Request *rq, const Dossier *d, const char *element, Reply *refusal);
Reply process_refused(Request *rq, WfAnswer answer);
void process_message(Db *db, const Dossier *d, const char *message, int64_t now);
/* Keeps the step and the tasks' due dates as the dossier has them now. */
void process_follow(Db *db, Dossier *d, int64_t now);
void process_end(Db *db, Dossier *d, const char *reason, int64_t now);

#endif
