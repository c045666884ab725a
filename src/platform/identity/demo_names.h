/* Names as people of the delta bear them, for made-up people. */
#ifndef SEN_PLATFORM_IDENTITY_DEMO_NAMES_H
#define SEN_PLATFORM_IDENTITY_DEMO_NAMES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct DemoPerson {
    char *name;
    char *pid;
} DemoPerson;

/* The next person of a sequence that is the same in every run; the random part of the number is 900000 and
 * more, reserved for demonstrations. */
DemoPerson demo_person(uint64_t *seed, bool female, int number);
uint64_t demo_random(uint64_t *seed, uint64_t below);

#endif
