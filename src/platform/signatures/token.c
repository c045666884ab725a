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
#include "platform/signatures/device.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

Device sig_device = { .lock = PTHREAD_MUTEX_INITIALIZER, .given_back = PTHREAD_COND_INITIALIZER };

static atomic_long signings;

/* ---- Sessions ---- */

static CK_RV log_in(CK_SESSION_HANDLE session)
{
    CK_RV rv =
        sig_device.p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)sig_device.pin, strlen(sig_device.pin));
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

CK_RV device_session(CK_SESSION_HANDLE *session)
{
    CK_RV rv = sig_device.p11->C_OpenSession(sig_device.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                             session);
    return rv == CKR_OK ? log_in(*session) : rv;
}

static Session *take_session(void)
{
    Session *found = NULL;
    pthread_mutex_lock(&sig_device.lock);
    while (sig_device.open && !found) {
        for (size_t i = 0; i < sig_device.session_count && !found; i++)
            if (!sig_device.sessions[i].taken)
                found = &sig_device.sessions[i];
        if (!found)
            pthread_cond_wait(&sig_device.given_back, &sig_device.lock);
    }
    if (found)
        found->taken = true;
    pthread_mutex_unlock(&sig_device.lock);
    return found;
}

static void give_session(Session *session)
{
    pthread_mutex_lock(&sig_device.lock);
    session->taken = false;
    pthread_cond_broadcast(&sig_device.given_back);
    pthread_mutex_unlock(&sig_device.lock);
}

static CK_RV ready(Session *session)
{
    if (session->open)
        return CKR_OK;
    memset(session->keys, 0, sizeof session->keys);
    CK_RV rv = device_session(&session->handle);
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
        sig_device.p11->C_CloseSession(session->handle);
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
    CK_RV rv = sig_device.p11->C_FindObjectsInit(session->handle, wanted, 2);
    if (rv != CKR_OK)
        return rv;
    rv = sig_device.p11->C_FindObjects(session->handle, found, 1, &count);
    sig_device.p11->C_FindObjectsFinal(session->handle);
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
    return sig_device.p11->C_GenerateKeyPair(session->handle, &mechanism, open_half,
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
        rv = sig_device.p11->C_GetAttributeValue(session->handle, key, numbers, 2);
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
    rv = sig_device.p11->C_SignInit(session->handle,
                                    signing->scheme == SCHEME_RSA_PSS ? &probabilistic : &plain, key);
    if (rv != CKR_OK)
        return rv;
    signing->out_size = MAX_SIGNATURE;
    atomic_fetch_add(&signings, 1);
    return sig_device.p11->C_Sign(session->handle, (CK_BYTE *)signing->data, signing->size, signing->out,
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
