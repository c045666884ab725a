/* Events: an outbox row in the transaction of the change; after the commit, subscribers in the process and
 * browsers (server-sent events) get it. */
#ifndef SEN_PLATFORM_EVENTS_H
#define SEN_PLATFORM_EVENTS_H

#include "platform/solution.h"

extern const Solution events_solution;

/* `topic`: "procedures.dossier.accepted"; `data` must hold no secrets. `org_id`: whose event it is (0:
 * nobody's). */
void events_publish(Db *db, const char *topic, int64_t subject_id, int64_t org_id, Json data);
/* After the commit, tells browsers that listen to this topic; nothing is stored. `data` may be NULL. */
void events_tell(Db *db, const char *topic, const char *event, Json data);

void events_start(Store *store); /* the dispatcher thread */
void events_stop(void);
/* Runs everything that is due, on this thread: tests and commands. */
void events_drain(Store *store);

#endif
