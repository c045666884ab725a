/* Administrative procedures (thủ tục hành chính): from a citizen's filing to the signed result, every step on
 * time and visible. */
#ifndef SEN_PROCEDURES_H
#define SEN_PROCEDURES_H

#include "platform/solution.h"

extern const Solution procedures_solution;

#endif
