/* Inside the room of tasks. */
#ifndef SEN_PLATFORM_TASKS_ROWS_H
#define SEN_PLATFORM_TASKS_ROWS_H

#include "platform/tasks/tasks.h"

/* Gives a claimed task back to its group; false when the actor does not hold it. */
bool tasks_unclaim(Db *db, int64_t id, const struct Actor *actor);

#endif
