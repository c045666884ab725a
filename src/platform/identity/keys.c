/* Personal numbers are stored twice, never readable: sealed with AES-256-GCM (to show it to who may see it)
 * and as a keyed digest (to find the person, and to refuse a second one with the same number). Both keys come
 * from one file of 32 random bytes, DATA/keys/pid.key; whoever has the store without the file has neither the
 * numbers nor a way to try all of them. All nodes of a cluster need the same file. */
#include "platform/identity/keys.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_SIZE = 32, NONCE_SIZE = 12, TAG_SIZE = 16, MOST_SEALED = 64 };

static unsigned char seal_key[KEY_SIZE], index_key[KEY_SIZE], csrf_key[KEY_SIZE];

static _Noreturn void key_fault(const char *path, const char *what)
{
    raise_fault(FAULT_STORE, "identity.key", "%s: %s", path, what);
}

/* Written whole under another name first: a key file that exists is never half a key. */
static void make_key(const char *path)
{
    unsigned char key[KEY_SIZE];
    const char *unfinished = fmt("%s.%d", path, (int)getpid());
    random_bytes(key, sizeof key);
    int fd = open(unfinished, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        key_fault(unfinished, strerror(errno));
    bool ok = write(fd, key, sizeof key) == sizeof key && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (ok && link(unfinished, path) != 0 &&
        errno != EEXIST) /* EEXIST: another process was first; its key counts */
        ok = false;
    int problem = errno;
    unlink(unfinished);
    if (!ok)
        key_fault(path, strerror(problem));
}

static void read_key(const char *path, bool may_make, unsigned char key[KEY_SIZE])
{
    int fd = open(path, O_RDONLY);
    if (fd < 0 && errno == ENOENT && may_make) {
        make_key(path);
        fd = open(path, O_RDONLY);
    }
    if (fd < 0)
        key_fault(path, errno == ENOENT ? "missing, and the store holds personal numbers sealed with it; "
                                          "bring it back from the backup"
                                        : strerror(errno));
    ssize_t size = read(fd, key, KEY_SIZE);
    close(fd);
    if (size != KEY_SIZE)
        key_fault(path, "is not a key of 32 bytes");
}

static void derive(const unsigned char master[KEY_SIZE], const char *purpose, unsigned char out[KEY_SIZE])
{
    hmac_sha256(master, KEY_SIZE, purpose, strlen(purpose), out);
}

void keys_open(const char *folder, bool may_make_pid)
{
    unsigned char master[KEY_SIZE];
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        key_fault(folder, strerror(errno));
    read_key(fmt("%s/pid.key", folder), may_make_pid, master);
    derive(master, "sen personal number, sealed", seal_key);
    derive(master, "sen personal number, index", index_key);
    read_key(fmt("%s/csrf.key", folder), true, csrf_key);
    memset(master, 0, sizeof master);
}

static void release_cipher(void *context)
{
    EVP_CIPHER_CTX_free(context);
}

static EVP_CIPHER_CTX *new_cipher(void)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context)
        raise_fault(FAULT_MEMORY, "identity.cipher", "no memory for a cipher");
    arena_defer(release_cipher, context);
    return context;
}

char *pid_seal(int64_t person_id, const char *pid)
{
    unsigned char out[NONCE_SIZE + MOST_SEALED + TAG_SIZE];
    int size = 0, more = 0, length = (int)strlen(pid);
    EVP_CIPHER_CTX *c = new_cipher();
    if (length > MOST_SEALED)
        raise_fault(FAULT_INTERNAL, "identity.seal", "a personal number of %d bytes", length);
    random_bytes(out, NONCE_SIZE);
    bool ok = EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, seal_key, out) == 1 &&
              EVP_EncryptUpdate(c, NULL, &more, (const unsigned char *)&person_id, sizeof person_id) == 1 &&
              EVP_EncryptUpdate(c, out + NONCE_SIZE, &size, (const unsigned char *)pid, length) == 1 &&
              EVP_EncryptFinal_ex(c, out + NONCE_SIZE + size, &more) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, out + NONCE_SIZE + size) == 1;
    if (!ok)
        raise_fault(FAULT_INTERNAL, "identity.seal", "a personal number could not be sealed");
    return base64url_encode(out, (size_t)(NONCE_SIZE + size + TAG_SIZE));
}

char *pid_unseal(int64_t person_id, const char *sealed)
{
    size_t size = 0;
    unsigned char *in = sealed ? base64_decode(sealed, &size) : NULL;
    if (!in || size < NONCE_SIZE + TAG_SIZE || size > NONCE_SIZE + MOST_SEALED + TAG_SIZE)
        return NULL;
    int length = (int)size - NONCE_SIZE - TAG_SIZE, got = 0, more = 0;
    char *pid = alloc((size_t)length + 1);
    EVP_CIPHER_CTX *c = new_cipher();
    bool ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, seal_key, in) == 1 &&
              EVP_DecryptUpdate(c, NULL, &more, (const unsigned char *)&person_id, sizeof person_id) == 1 &&
              EVP_DecryptUpdate(c, (unsigned char *)pid, &got, in + NONCE_SIZE, length) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, in + NONCE_SIZE + length) == 1 &&
              EVP_DecryptFinal_ex(c, (unsigned char *)pid + got, &more) == 1;
    return ok ? pid : NULL;
}

char *pid_index(const char *pid)
{
    unsigned char digest[SHA256_SIZE];
    hmac_sha256(index_key, KEY_SIZE, pid, strlen(pid), digest);
    return hex_encode(digest, sizeof digest);
}

char *csrf_mac(const char *nonce)
{
    unsigned char digest[SHA256_SIZE];
    hmac_sha256(csrf_key, KEY_SIZE, nonce, strlen(nonce), digest);
    return base64url_encode(digest, 16);
}
