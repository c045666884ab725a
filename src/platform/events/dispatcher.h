/* Inside the room of events: from the outbox to the subscribers. */
#ifndef SEN_PLATFORM_EVENTS_DISPATCHER_H
#define SEN_PLATFORM_EVENTS_DISPATCHER_H

#include "platform/events/events.h"

/* NULL when no solution of this program has it any more. */
const Subscription *events_subscription(const char *name);
/* Wakes the dispatcher's thread; fits db_after_commit(). */
void events_wake(void *unused);
/* Frees messages to browsers whose transactions were undone. */
void events_forget_told(void);

#endif
