/* What anybody may ask without signing in: the state of a dossier by its code and check word, the validity of
 * a result, the board. */
#ifndef SEN_PROCEDURES_PUBLIC_H
#define SEN_PROCEDURES_PUBLIC_H

#include "platform/solution.h"

/* Reads the key of check words (data folder, made when missing). */
void public_start(Store *store);
void public_stop(void);
/* The check word of a code under this installation's key. */
char *public_check_word(const char *code);

Handler status_show, verify_show;
extern const Param status_params[];

#endif
