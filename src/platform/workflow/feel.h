/* FEEL, as much of it as conditions, assignments and forms need now; the whole language comes with spec 23
 * §7.3. Errors give null, never a fault. */
#ifndef SEN_PLATFORM_FEEL_H
#define SEN_PLATFORM_FEEL_H

#include "base/json.h"

typedef struct Feel Feel;
/* Compiles; NULL and a message with line and column when malformed. In the current arena. */
Feel *feel_compile(const char *text, char *error, size_t error_size);
/* Evaluates against a context of variables. At most 10⁶ steps. */
Json feel_eval(const Feel *expression, Json context, int64_t now);
/* The same; says whether the steps were used up, which also gives null. */
Json feel_eval_within(const Feel *expression, Json context, int64_t now, bool *used_up);

#endif
