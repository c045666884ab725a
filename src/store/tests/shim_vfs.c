/* See shim_vfs.h. The methods are of version 2: without those for memory mapping, so that every page passes
 * here. */
#include "store/tests/shim_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

typedef struct ShimFile {
    sqlite3_file own;
    sqlite3_file *real;
} ShimFile;

static sqlite3_vfs *real_vfs;
static atomic_long countdown; /* 0: never fails */
static atomic_int mode, failures;
static atomic_long syncs;

void shim_arm(ShimMode how, long n)
{
    atomic_store(&mode, how);
    atomic_store(&failures, 0);
    atomic_store(&countdown, n);
}

int shim_disarm(void)
{
    atomic_store(&countdown, 0);
    return atomic_load(&failures);
}

long shim_syncs(void)
{
    return atomic_load(&syncs);
}

static int fails(int writing)
{
    int is_full = atomic_load(&mode) == SHIM_FULL;
    if (atomic_load(&countdown) <= 0 || (is_full && !writing))
        return 0;
    if (atomic_fetch_sub(&countdown, 1) != 1)
        return 0;
    if (atomic_load(&mode) != SHIM_ONCE)
        atomic_store(&countdown, 1);
    atomic_fetch_add(&failures, 1);
    return 1;
}

static sqlite3_file *real(sqlite3_file *file)
{
    return ((ShimFile *)file)->real;
}

#define PASS(name, parameters, ...)                                                                          \
    static int shim_##name parameters                                                                        \
    {                                                                                                        \
        return real(file)->pMethods->x##name(real(file), ##__VA_ARGS__);                                     \
    }

PASS(Close, (sqlite3_file * file))
PASS(Read, (sqlite3_file * file, void *to, int size, sqlite3_int64 at), to, size, at)
PASS(FileSize, (sqlite3_file * file, sqlite3_int64 *size), size)
PASS(Lock, (sqlite3_file * file, int lock), lock)
PASS(Unlock, (sqlite3_file * file, int lock), lock)
PASS(CheckReservedLock, (sqlite3_file * file, int *out), out)
PASS(FileControl, (sqlite3_file * file, int op, void *argument), op, argument)
PASS(SectorSize, (sqlite3_file * file))
PASS(DeviceCharacteristics, (sqlite3_file * file))
PASS(ShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile **out), page, size, extend,
     out)
PASS(ShmLock, (sqlite3_file * file, int offset, int n, int flags), offset, n, flags)
PASS(ShmUnmap, (sqlite3_file * file, int remove), remove)

static void shim_ShmBarrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

/* A write that fails leaves the first half behind, as a full disk does. */
static int shim_Write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    if (!fails(1))
        return real(file)->pMethods->xWrite(real(file), from, size, at);
    real(file)->pMethods->xWrite(real(file), from, size / 2, at);
    return atomic_load(&mode) == SHIM_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

/* Nobody cuts the power here, so nothing need reach the disk. */
static int shim_Sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    atomic_fetch_add(&syncs, 1);
    return fails(0) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int shim_Truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails(0) ? SQLITE_IOERR_TRUNCATE : real(file)->pMethods->xTruncate(real(file), size);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_Close,
    .xRead = shim_Read,
    .xWrite = shim_Write,
    .xTruncate = shim_Truncate,
    .xSync = shim_Sync,
    .xFileSize = shim_FileSize,
    .xLock = shim_Lock,
    .xUnlock = shim_Unlock,
    .xCheckReservedLock = shim_CheckReservedLock,
    .xFileControl = shim_FileControl,
    .xSectorSize = shim_SectorSize,
    .xDeviceCharacteristics = shim_DeviceCharacteristics,
    .xShmMap = shim_ShmMap,
    .xShmLock = shim_ShmLock,
    .xShmBarrier = shim_ShmBarrier,
    .xShmUnmap = shim_ShmUnmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    ShimFile *own = (ShimFile *)file;
    (void)vfs;
    own->real = (sqlite3_file *)(own + 1);
    int rc = real_vfs->xOpen(real_vfs, name, own->real, flags, out);
    own->own.pMethods = own->real->pMethods ? &methods : NULL;
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return fails(0) ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, sync);
}

void shim_install(void)
{
    static sqlite3_vfs shim;
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "shim";
    shim.pNext = NULL;
    shim.szOsFile = (int)sizeof(ShimFile) + real_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    sqlite3_vfs_register(&shim, 1);
}
