/* People of the demonstration province: made up, from a fixed seed. */
#ifndef SEN_PLATFORM_IDENTITY_DEMO_H
#define SEN_PLATFORM_IDENTITY_DEMO_H

#include "store/store.h"

void demo_load(Store *store);

#endif
