/* Administrative procedures (giải quyết thủ tục hành chính): spec 03. */
#ifndef SEN_SOLUTIONS_PROCEDURES_H
#define SEN_SOLUTIONS_PROCEDURES_H

#include "platform/solution.h"

extern const Solution procedures_solution;

#endif
