/* GET /dossiers: a citizen's own, an official's work list. */
#ifndef SEN_PROCEDURES_WORKLIST_H
#define SEN_PROCEDURES_WORKLIST_H

#include "platform/solution.h"

Handler dossiers_list;

#endif
