/* Rows that could not be written where they arose; see reads.c. */
#ifndef SEN_PLATFORM_AUDIT_READS_H
#define SEN_PLATFORM_AUDIT_READS_H

#include "base/json.h"
#include "store/store.h"

/* Writes the row soon, durably, in a transaction of its own. */
void audit_later(Store *store, Json row);

#endif
