/* Store-backed tests run on either engine by one switch: SEN_TEST_STORE, a store URL; unset: SQLite in a
 * fresh temporary folder. On PostgreSQL everything in the schema `public` is dropped first. */
#ifndef SEN_STORE_TEST_STORE_H
#define SEN_STORE_TEST_STORE_H

#include "store/store.h"

/* A new empty store; closed and deleted with test_store_close(). */
Store *test_store_open(void);
void test_store_close(Store *store);
/* Applies every schema/NNNN-*.sql below the given folders of the source tree ("src/platform/audit", …) as
 * migrations. */
void test_store_migrate(Store *store, const char *const *rooms);

#endif
