#ifndef SEN_PROCEDURES_DEMO_H
#define SEN_PROCEDURES_DEMO_H

#include "solutions/procedures/dossier.h"

/* `sen init --demo`: a year of finished dossiers and the open ones that give each demonstration official
 * work. */
void procedures_demo(Store *store);

/* ---- Inside: demo.c makes the past, demo_open.c the present ---- */

/* Who works at a body: the first account of each role. */
typedef struct Staff {
    const Org *org;
    Actor reception, specialist, leader, clerk;
    int64_t weight; /* of the body among its kind: its population */
} Staff;

typedef struct DemoPlace {
    Staff *communes;
    size_t commune_count;
    int64_t people; /* the sum of their weights */
    Staff *departments;
    size_t department_count;
} DemoPlace;

DemoPlace demo_place(Db *db);
const Staff *demo_staff(const DemoPlace *place, const Version *v, uint64_t *seed);
const Staff *demo_staff_at(const DemoPlace *place, const char *org_key);
void demo_open(Store *store, const DemoPlace *place);

#endif
