/* The audit chain: one row for every write and every read of personal data, each sealed by the hash of the
 * one before (spec 19 §7.6). */
#ifndef SEN_PLATFORM_AUDIT_H
#define SEN_PLATFORM_AUDIT_H

#include "net/http.h"
#include "platform/solution.h"

extern const Solution audit_solution;

/* Appends to the chain in the transaction of the change. `action`: "procedures.accept"; `object`:
 * "dossier:123"; `details`: may be NULL; secrets are struck out and personal numbers masked on the way in;
 * its members "case_id" and "on_behalf_of" go to columns of their own. On a read snapshot the row is queued
 * as audit_read() does. */
void audit(Request *rq, const char *action, const char *object, Json details);
/* For what was refused or went wrong: `result` is "denied" or "failed". The transaction that holds the row
 * must not be undone. */
void audit_result(Request *rq, const char *action, const char *object, const char *result, Json details);
/* The same for background work and commands. */
void audit_as(Db *db, const struct Actor *actor, const char *action, const char *object, const char *result,
              Json details);
/* A read of personal data from a GET handler: queued and written durably right after (its snapshot cannot
 * write). */
void audit_read(Request *rq, const char *action, const char *object);

/* Waits until every queued read stands in the chain: at shutdown, after the last request and before
 * store_close(). */
void audit_flush(void);

/* Recomputes the chain; adds a sentence for each broken row ("audit row 123 (stream 4, seq 17): …"). */
bool audit_verify(Db *db, Json complaints);

#endif
