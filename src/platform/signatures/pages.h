/* Inside of signatures: its pages. */
#ifndef SEN_PLATFORM_SIGNATURES_PAGES_H
#define SEN_PLATFORM_SIGNATURES_PAGES_H

#include "platform/signatures/signatures.h"

extern const Route signatures_routes[];

extern const Param signatures_check_params[];
Handler signatures_check_form, signatures_check;

#endif
