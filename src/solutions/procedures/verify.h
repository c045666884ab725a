#ifndef SEN_PROCEDURES_VERIFY_H
#define SEN_PROCEDURES_VERIFY_H

#include "platform/solution.h"

/* Recomputes every dossier's chain of seals, its state from its events, its due date from its clock. A
 * sentence for each that does not fit. */
bool dossiers_verify(Db *db, Json complaints);

#endif
