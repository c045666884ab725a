/* PKCS#11: one module, one token, one login, a pool of sessions.
 *
 * A module serves the whole process: logging in on one session logs in all of them, and the login ends with
 * the last session, so one is kept open for as long as the token is. Callers take a session from the pool and
 * give it back; when all are out they wait. A session remembers the handles of the keys it found, because a
 * search costs the token more than a signature costs the processor.
 *
 * When the token was taken out or restarted, the old sessions are dead: the call that notices opens its
 * session again, logs in again and tries once more.
 *
 * Between taking a session and giving it back nothing may raise a fault. */
#define CRYPTOKI_COMPAT
#include "platform/signatures/token.h"
#include "platform/signatures/softhsm.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"

#include <dlfcn.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SESSIONS = 16, REMEMBERED_KEYS = 64, MOST_SLOTS = 64 };

static const char LABEL[] = "sen";

typedef struct Session {
    CK_SESSION_HANDLE handle;
    bool open, taken;
    struct {
        unsigned char id[KEY_ID_SIZE];
        CK_OBJECT_HANDLE key; /* 0: none */
    } keys[REMEMBERED_KEYS];
} Session;

/* Owned from token_open() to token_close(). */
static struct {
    CK_FUNCTION_LIST *p11;
    CK_SLOT_ID slot;
    char pin[256];
    CK_SESSION_HANDLE keeper; /* keeps the login alive */
    Session sessions[MOST_SESSIONS];
    size_t session_count;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    bool open;
} token = { .lock = PTHREAD_MUTEX_INITIALIZER, .given_back = PTHREAD_COND_INITIALIZER };

static atomic_long signings;

/* ---- Sessions ---- */

static CK_RV log_in(CK_SESSION_HANDLE session)
{
    CK_RV rv = token.p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)token.pin, strlen(token.pin));
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

static CK_RV open_session(CK_SESSION_HANDLE *session)
{
    CK_RV rv = token.p11->C_OpenSession(token.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session);
    return rv == CKR_OK ? log_in(*session) : rv;
}

static Session *take_session(void)
{
    Session *found = NULL;
    pthread_mutex_lock(&token.lock);
    while (token.open && !found) {
        for (size_t i = 0; i < token.session_count && !found; i++)
            if (!token.sessions[i].taken)
                found = &token.sessions[i];
        if (!found)
            pthread_cond_wait(&token.given_back, &token.lock);
    }
    if (found)
        found->taken = true;
    pthread_mutex_unlock(&token.lock);
    return found;
}

static void give_session(Session *session)
{
    pthread_mutex_lock(&token.lock);
    session->taken = false;
    pthread_cond_broadcast(&token.given_back);
    pthread_mutex_unlock(&token.lock);
}

static CK_RV ready(Session *session)
{
    if (session->open)
        return CKR_OK;
    memset(session->keys, 0, sizeof session->keys);
    CK_RV rv = open_session(&session->handle);
    session->open = rv == CKR_OK;
    return rv;
}

/* Answers that a fresh session and login may mend. */
static bool is_stale(CK_RV rv)
{
    static const CK_RV STALE[] = { CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,  CKR_USER_NOT_LOGGED_IN,
                                   CKR_OBJECT_HANDLE_INVALID,  CKR_DEVICE_REMOVED,  CKR_TOKEN_NOT_PRESENT,
                                   CKR_KEY_HANDLE_INVALID,     CKR_OPERATION_ACTIVE };
    for (size_t i = 0; i < sizeof STALE / sizeof *STALE; i++)
        if (rv == STALE[i])
            return true;
    return false;
}

/* Runs `work` on a session, once more on a fresh one when the first was stale. */
static CK_RV with_session(CK_RV (*work)(Session *session, void *argument), void *argument)
{
    Session *session = take_session();
    if (!session)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    CK_RV rv = ready(session);
    if (rv == CKR_OK)
        rv = work(session, argument);
    if (rv != CKR_OK && is_stale(rv)) {
        token.p11->C_CloseSession(session->handle);
        session->open = false;
        rv = ready(session);
        if (rv == CKR_OK)
            rv = work(session, argument);
    }
    give_session(session);
    if (rv != CKR_OK && rv != CKR_DATA_INVALID) {
        char code[24];
        snprintf(code, sizeof code, "0x%08lx", rv);
        log_warn("signatures.device", "answer", code, NULL);
    }
    return rv;
}

/* ---- Keys ---- */

static CK_RV search(Session *session, CK_OBJECT_CLASS class, const unsigned char *id, CK_OBJECT_HANDLE *found)
{
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_ID, (void *)id, KEY_ID_SIZE } };
    CK_ULONG count = 0;
    CK_RV rv = token.p11->C_FindObjectsInit(session->handle, wanted, 2);
    if (rv != CKR_OK)
        return rv;
    rv = token.p11->C_FindObjects(session->handle, found, 1, &count);
    token.p11->C_FindObjectsFinal(session->handle);
    return rv != CKR_OK ? rv : count ? CKR_OK : CKR_DATA_INVALID;
}

static CK_RV private_key(Session *session, const unsigned char *id, CK_OBJECT_HANDLE *key)
{
    size_t place = (id[0] | id[1] << 8) % REMEMBERED_KEYS;
    if (session->keys[place].key && memcmp(session->keys[place].id, id, KEY_ID_SIZE) == 0) {
        *key = session->keys[place].key;
        return CKR_OK;
    }
    CK_RV rv = search(session, CKO_PRIVATE_KEY, id, key);
    if (rv == CKR_OK) {
        memcpy(session->keys[place].id, id, KEY_ID_SIZE);
        session->keys[place].key = *key;
    }
    return rv;
}

typedef struct Making {
    const unsigned char *id;
    const char *label;
} Making;

static CK_RV make_key(Session *session, void *argument)
{
    Making *making = argument;
    CK_MECHANISM mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG bits = 2048;
    CK_BYTE exponent[] = { 1, 0, 1 };
    void *id = (void *)making->id, *label = (void *)making->label;
    CK_ATTRIBUTE open_half[] = { { CKA_TOKEN, &yes, sizeof yes },
                                 { CKA_VERIFY, &yes, sizeof yes },
                                 { CKA_MODULUS_BITS, &bits, sizeof bits },
                                 { CKA_PUBLIC_EXPONENT, exponent, sizeof exponent },
                                 { CKA_ID, id, KEY_ID_SIZE },
                                 { CKA_LABEL, label, strlen(making->label) } };
    CK_ATTRIBUTE secret_half[] = {
        { CKA_TOKEN, &yes, sizeof yes },     { CKA_PRIVATE, &yes, sizeof yes },
        { CKA_SENSITIVE, &yes, sizeof yes }, { CKA_EXTRACTABLE, &no, sizeof no },
        { CKA_SIGN, &yes, sizeof yes },      { CKA_DECRYPT, &no, sizeof no },
        { CKA_ID, id, KEY_ID_SIZE },         { CKA_LABEL, label, strlen(making->label) }
    };
    CK_OBJECT_HANDLE public, private;
    return token.p11->C_GenerateKeyPair(session->handle, &mechanism, open_half,
                                        sizeof open_half / sizeof *open_half, secret_half,
                                        sizeof secret_half / sizeof *secret_half, &public, &private);
}

bool token_make_key(const unsigned char id[KEY_ID_SIZE], const char *label)
{
    Making making = { id, label };
    return with_session(make_key, &making) == CKR_OK;
}

typedef struct Reading {
    const unsigned char *id;
    unsigned char modulus[1024], exponent[16];
    CK_ULONG modulus_size, exponent_size;
} Reading;

static CK_RV read_key(Session *session, void *argument)
{
    Reading *reading = argument;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE numbers[] = { { CKA_MODULUS, reading->modulus, sizeof reading->modulus },
                               { CKA_PUBLIC_EXPONENT, reading->exponent, sizeof reading->exponent } };
    CK_RV rv = search(session, CKO_PUBLIC_KEY, reading->id, &key);
    if (rv == CKR_OK)
        rv = token.p11->C_GetAttributeValue(session->handle, key, numbers, 2);
    reading->modulus_size = numbers[0].ulValueLen;
    reading->exponent_size = numbers[1].ulValueLen;
    return rv;
}

static EVP_PKEY *rsa_key(const Reading *reading)
{
    BIGNUM *n = BN_bin2bn(reading->modulus, (int)reading->modulus_size, NULL);
    BIGNUM *e = BN_bin2bn(reading->exponent, (int)reading->exponent_size, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;
    if (n && e && build && context && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) &&
        (parameters = OSSL_PARAM_BLD_to_param(build)) && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_free(e);
    return key;
}

unsigned char *token_public_key(const unsigned char id[KEY_ID_SIZE], size_t *size)
{
    Reading reading = { .id = id };
    if (with_session(read_key, &reading) != CKR_OK)
        return NULL;
    EVP_PKEY *key = rsa_key(&reading);
    unsigned char *der = NULL;
    int n = key ? i2d_PUBKEY(key, &der) : -1;
    EVP_PKEY_free(key);
    if (n <= 0)
        raise_fault(FAULT_MEMORY, "signatures.key", "a public key could not be written");
    unsigned char *copy = (unsigned char *)text_copy_n((const char *)der, (size_t)n);
    OPENSSL_free(der);
    *size = (size_t)n;
    return copy;
}

/* ---- Signing ---- */

typedef struct Signing {
    const unsigned char *id;
    SignScheme scheme;
    const void *data;
    size_t size;
    unsigned char *out;
    CK_ULONG out_size;
} Signing;

static CK_RV sign(Session *session, void *argument)
{
    Signing *signing = argument;
    CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
    CK_MECHANISM plain = { CKM_SHA256_RSA_PKCS, NULL, 0 };
    CK_MECHANISM probabilistic = { CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof pss };
    CK_OBJECT_HANDLE key;
    CK_RV rv = private_key(session, signing->id, &key);
    if (rv != CKR_OK)
        return rv;
    rv = token.p11->C_SignInit(session->handle, signing->scheme == SCHEME_RSA_PSS ? &probabilistic : &plain,
                               key);
    if (rv != CKR_OK)
        return rv;
    signing->out_size = MAX_SIGNATURE;
    atomic_fetch_add(&signings, 1);
    return token.p11->C_Sign(session->handle, (CK_BYTE *)signing->data, signing->size, signing->out,
                             &signing->out_size);
}

size_t token_sign(const unsigned char id[KEY_ID_SIZE], SignScheme scheme, const void *data, size_t size,
                  unsigned char out[MAX_SIGNATURE])
{
    Signing signing = { id, scheme, data, size, out, 0 };
    return with_session(sign, &signing) == CKR_OK ? signing.out_size : 0;
}

long token_signings(void)
{
    return atomic_load(&signings);
}

/* ---- Opening and closing ---- */

/* The slot of the token that is labelled ours, or of the only token; else CKR_TOKEN_NOT_PRESENT and in *blank
 * a slot that has a token without data, if there is one. */
static CK_RV find_slot(CK_SLOT_ID *slot, CK_SLOT_ID *blank, bool *has_blank)
{
    CK_SLOT_ID slots[MOST_SLOTS];
    CK_ULONG count = MOST_SLOTS;
    CK_RV rv = token.p11->C_GetSlotList(CK_TRUE, slots, &count);
    *has_blank = false;
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        CK_TOKEN_INFO info;
        if (token.p11->C_GetTokenInfo(slots[i], &info) != CKR_OK)
            continue;
        bool initialised = info.flags & CKF_TOKEN_INITIALIZED;
        bool ours = memcmp(info.label, LABEL, strlen(LABEL)) == 0 && info.label[strlen(LABEL)] == ' ';
        if (initialised && (ours || count == 1)) {
            *slot = slots[i];
            return CKR_OK;
        }
        if (!initialised) {
            *blank = slots[i];
            *has_blank = true;
        }
    }
    return rv == CKR_OK ? CKR_TOKEN_NOT_PRESENT : rv;
}

/* C_InitToken gives the token its label and security officer, C_InitPIN the user's PIN. */
static CK_RV init_token(CK_SLOT_ID blank, const char *so_pin)
{
    CK_UTF8CHAR label[32];
    CK_SESSION_HANDLE session;
    CK_SLOT_ID none;
    bool has_none;
    memset(label, ' ', sizeof label);
    memcpy(label, LABEL, strlen(LABEL));
    CK_RV rv = token.p11->C_InitToken(blank, (CK_UTF8CHAR *)so_pin, strlen(so_pin), label);
    if (rv == CKR_OK)
        rv = find_slot(&token.slot, &none, &has_none);
    if (rv == CKR_OK)
        rv = token.p11->C_OpenSession(token.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (rv != CKR_OK)
        return rv;
    rv = token.p11->C_Login(session, CKU_SO, (CK_UTF8CHAR *)so_pin, strlen(so_pin));
    if (rv == CKR_OK)
        rv = token.p11->C_InitPIN(session, (CK_UTF8CHAR *)token.pin, strlen(token.pin));
    token.p11->C_Logout(session);
    token.p11->C_CloseSession(session);
    return rv;
}

static const char *load_module(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList list = library ? (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList") : NULL;
    if (!list)
        return fmt("%s is no PKCS#11 module: %s", path, dlerror());
    CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
    CK_RV rv = list(&token.p11);
    if (rv == CKR_OK)
        rv = token.p11->C_Initialize(&arguments);
    return rv == CKR_OK ? NULL : fmt("%s does not start: 0x%08lx", path, rv);
}

/* NULL when the token is ready, else why not. */
static const char *open_token(const char *module, const char *data_dir)
{
    CK_SLOT_ID blank;
    bool has_blank, soft = !module;
    const char *path = soft ? softhsm_prepare(data_dir) : module;
    if (!path)
        return "SoftHSM2 is not installed and no PKCS#11 module is set";
    const char *pin = pin_read(data_dir, "token.pin", soft),
               *so_pin = soft ? pin_read(data_dir, "token.so-pin", true) : NULL;
    if (!pin)
        return "the file keys/token.pin is missing";
    snprintf(token.pin, sizeof token.pin, "%s", pin);
    const char *problem = load_module(path);
    if (problem)
        return problem;
    CK_RV rv = find_slot(&token.slot, &blank, &has_blank);
    if (rv == CKR_TOKEN_NOT_PRESENT && soft && has_blank)
        rv = init_token(blank, so_pin);
    if (rv == CKR_OK)
        rv = open_session(&token.keeper);
    return rv == CKR_OK ? NULL : fmt("no token can be used: 0x%08lx", rv);
}

/* The library itself stays loaded: modules leave handlers behind that run when the process ends. */
static void unload(void)
{
    if (token.p11)
        token.p11->C_Finalize(NULL);
    token.p11 = NULL;
    explicit_bzero(token.pin, sizeof token.pin);
}

bool token_open(const char *module, const char *data_dir, char *reason, size_t reason_size)
{
    if (token.open)
        return true;
    const char *problem = open_token(module, data_dir);
    if (problem) {
        snprintf(reason, reason_size, "%s", problem);
        unload();
        return false;
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors > 0 ? (size_t)processors * 2 : 2;
    memset(token.sessions, 0, sizeof token.sessions);
    token.session_count = count < MOST_SESSIONS ? count : MOST_SESSIONS;
    token.open = true;
    return true;
}

void token_close(void)
{
    pthread_mutex_lock(&token.lock);
    bool was_open = token.open;
    token.open = false;
    pthread_cond_broadcast(&token.given_back);
    for (size_t i = 0; i < token.session_count; i++)
        while (token.sessions[i].taken)
            pthread_cond_wait(&token.given_back, &token.lock);
    pthread_mutex_unlock(&token.lock);
    if (was_open)
        unload();
}

bool token_is_open(void)
{
    return token.open;
}
