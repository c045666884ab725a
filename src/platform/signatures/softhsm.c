/* SoftHSM2 reads its configuration from the file that SOFTHSM2_CONF names; ours lies in the data folder, so
 * that the token's files are kept and backed up with everything else. PINs stand in files that only the owner
 * may read: they are never in the configuration, the log or the store. */
#include "platform/signatures/softhsm.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const MODULES[] = {
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
};

static void make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        raise_fault(FAULT_STORE, "signatures.folder", "%s cannot be made: %s", path, strerror(errno));
}

/* Whole or not at all, and durable: a PIN that is lost is a token that is lost. */
static void write_file(const char *path, const char *text)
{
    const char *fresh = fmt("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok || rename(fresh, path) != 0)
        raise_fault(FAULT_STORE, "signatures.file", "%s cannot be written: %s", path, strerror(errno));
}

const char *softhsm_prepare(const char *data_dir)
{
    const char *module = NULL;
    for (size_t i = 0; i < sizeof MODULES / sizeof *MODULES && !module; i++)
        if (access(MODULES[i], R_OK) == 0)
            module = MODULES[i];
    if (!module)
        return NULL;
    char *root = realpath(data_dir, NULL);
    if (!root)
        raise_fault(FAULT_STORE, "signatures.folder", "%s cannot be reached: %s", data_dir, strerror(errno));
    char *base = text_copy(root);
    free(root);
    make_folder(fmt("%s/keys", base));
    make_folder(fmt("%s/keys/softhsm", base));
    make_folder(fmt("%s/keys/softhsm/tokens", base));
    const char *conf = fmt("%s/keys/softhsm/softhsm2.conf", base);
    write_file(conf, fmt("directories.tokendir = %s/keys/softhsm/tokens\nobjectstore.backend = file\n"
                         "log.level = ERROR\nslots.removable = false\n",
                         base));
    if (setenv("SOFTHSM2_CONF", conf, 1) != 0)
        raise_fault(FAULT_MEMORY, "signatures.environment", "no memory for the environment");
    return module;
}

char *pin_read(const char *data_dir, const char *name, bool make)
{
    const char *path = fmt("%s/keys/%s", data_dir, name);
    char pin[256] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        unsigned char bytes[16];
        random_bytes(bytes, sizeof bytes);
        make_folder(fmt("%s/keys", data_dir));
        write_file(path, base64url_encode(bytes, sizeof bytes));
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0)
        return NULL;
    ssize_t n = read(fd, pin, sizeof pin - 1);
    close(fd);
    return n > 0 ? text_trim(pin) : NULL;
}
