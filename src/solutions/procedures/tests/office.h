/* A commune with its people for the tests of this room: the whole platform over an empty store, real
 * processes, forms and signatures. */
#ifndef SEN_PROCEDURES_TESTS_OFFICE_H
#define SEN_PROCEDURES_TESTS_OFFICE_H

#include "platform/identity/identity.h"
#include "solutions/procedures/dossier.h"
#include "store/test_store.h"

typedef enum Who {
    STRANGER,
    LAN,
    SON,
    RECEPTION,
    SPECIALIST,
    LEADER,
    CLERK,
    RECEPTION_ELSEWHERE,
    TWO_HATS,
    PEOPLE
} Who;

void office_open(void); /* once; every test goes on in the same one */
void office_close(void);
Store *office_store(void);

/* Asks as the server does: finds the route, checks permission and parameters, runs the handler in its kind of
 * transaction. `typed` is a JSON object with ' for "; NULL: nothing. */
Reply office_get(Who who, const char *path);
Reply office_post(Who who, const char *path, const char *typed);
/* With one PDF under this field. */
Reply office_send(Who who, const char *path, const char *typed, const char *field);
void office_now(const char *moment); /* stops the clock there; NULL: lets it go */

/* TWO_HATS, who receives, gets another role too; NULL: no longer. */
void office_second_hat(const char *role);

Dossier office_dossier(int64_t id);
int64_t office_int(const char *sql);
void office_run(const char *sql);
const char *office_error(Reply reply); /* the code of a refusal, or the first wrong field's rule */

/* A dossier at a stage of its life, filed by Lan at her commune: "submitted" "examine" "sign" "issue"
 * "returned". */
int64_t office_at(const char *stage, const char *procedure);
Reply office_act(Who who, int64_t id, const char *act, const char *typed);

#endif
