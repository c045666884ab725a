/* A file system for SQLite that fails when told to: everything goes to the real one, but writes, syncs,
 * truncations and deletions are counted, and the n-th of them fails, alone or with all that follow. */
#ifndef SEN_STORE_TESTS_SHIM_VFS_H
#define SEN_STORE_TESTS_SHIM_VFS_H

typedef enum ShimMode {
    SHIM_ONCE, /* the n-th fails */
    SHIM_DEAD, /* the n-th and all after it fail */
    SHIM_FULL, /* from the n-th on nothing can be written (but synced) */
} ShimMode;

/* Makes it SQLite's default. */
void shim_install(void);
void shim_arm(ShimMode mode, long n);
/* Stops failing; were there failures? */
int shim_disarm(void);
/* Syncs asked for so far. */
long shim_syncs(void);

#endif
