/* The audit chain: one row for every write and every read of personal data, each sealed by the hash of the
 * one before (spec 19 §7.6). */
#ifndef SEN_PLATFORM_AUDIT_H
#define SEN_PLATFORM_AUDIT_H

#include "net/http.h"
#include "platform/solution.h"

extern const Solution audit_solution;

/* Appends to the chain in the transaction of the change. `action`: "procedures.accept"; `object`:
 * "dossier:123"; `details`: no secrets, may be NULL. */
void audit(Request *rq, const char *action, const char *object, Json details);
/* The same for background work and commands. */
void audit_as(Db *db, const struct Actor *actor, const char *action, const char *object, const char *result,
              Json details);
/* A read of personal data from a GET handler: queued and written durably right after (its snapshot cannot
 * write). */
void audit_read(Request *rq, const char *action, const char *object);

/* Recomputes the chain; adds a sentence for each broken row ("audit row 123 (stream 4, seq 17): …"). */
bool audit_verify(Db *db, Json complaints);

#endif
