#include "store/engine.h"
void postgres_start(Store *store)
{
    raise_fault(FAULT_STORE, "store.url", "not a store URL: %.20s", store->url);
}
