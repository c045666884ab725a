/* The states of a dossier and the moves between them (spec 03 §5.1), as data. Pure. */
#ifndef SEN_PROCEDURES_STATES_H
#define SEN_PROCEDURES_STATES_H

#include "base/json.h"

typedef struct State {
    const char *name;     /* as stored */
    const char *official; /* as the regulation and the national portal's exchange name it */
    int national;         /* the portal's code 1–10, 0: not a dossier yet */
    bool ended;           /* nothing comes after */
    bool running;         /* the clock runs: lateness counts */
    const char *colour;   /* of its chip */
} State;

typedef struct Move {
    const char *event; /* also the kind of the dossier event, and the last part of the published topic */
    const char *from;  /* states, separated by spaces */
    const char *to;    /* NULL: back to the state before (a withdrawal that was not agreed to) */
    const char
        *clock; /* the interruption it begins ("supplement", "payment") or ends ("-supplement"); NULL: none */
} Move;

const State *state_find(const char *name); /* NULL when unknown */
size_t states_all(const State **states);
/* The move that `event` makes from this state; NULL: not allowed. */
const Move *move_find(const char *event, const char *status);
/* The events that are allowed from this state, for the 409 that names them. */
Json moves_allowed(const char *status);

#endif
