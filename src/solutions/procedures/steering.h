/* The leader's page and the public board: how many, how punctual, what is late. */
#ifndef SEN_PROCEDURES_STEERING_H
#define SEN_PROCEDURES_STEERING_H

#include "platform/solution.h"

Handler steering_show, board_show;

void steering_stop(void); /* forgets the board that was kept */

int64_t open_dossiers(Db *db), late_dossiers(Db *db); /* for /metrics */

#endif
