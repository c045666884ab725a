/* The page that searches the trail. */
#ifndef SEN_PLATFORM_AUDIT_SEARCH_H
#define SEN_PLATFORM_AUDIT_SEARCH_H

#include "net/http.h"

Handler audit_search;
extern const Param audit_search_params[];

#endif
