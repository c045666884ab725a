/* Reading the reference tables of data/: RFC 4180 with a header line; lines that begin with '#' (also quoted)
 * are remarks. */
#ifndef SEN_PLATFORM_IDENTITY_CSV_H
#define SEN_PLATFORM_IDENTITY_CSV_H

#include "base/json.h"

/* Rows as objects: header → text. */
Json csv_rows(const char *text, size_t size);
/* The same for an embedded file; raises FAULT_INTERNAL when there is none. */
Json csv_asset(const char *name);

#endif
