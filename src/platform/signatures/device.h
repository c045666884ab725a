/* Inside of token.c and token_open.c: the one device of the process. */
#ifndef SEN_PLATFORM_SIGNATURES_DEVICE_H
#define SEN_PLATFORM_SIGNATURES_DEVICE_H

#define CRYPTOKI_COMPAT
#include "platform/signatures/token.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MOST_SESSIONS = 16, REMEMBERED_KEYS = 64 };

typedef struct Session {
    CK_SESSION_HANDLE handle;
    bool open, taken;
    struct {
        unsigned char id[KEY_ID_SIZE];
        CK_OBJECT_HANDLE key; /* 0: none */
    } keys[REMEMBERED_KEYS];
} Session;

/* Owned from token_open() to token_close(). */
typedef struct Device {
    CK_FUNCTION_LIST *p11;
    CK_SLOT_ID slot;
    char pin[256];
    CK_SESSION_HANDLE keeper; /* keeps the login alive */
    Session sessions[MOST_SESSIONS];
    size_t session_count;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    atomic_bool open;
} Device;
extern Device sig_device;

/* A new session of the token, logged in. */
CK_RV device_session(CK_SESSION_HANDLE *session);

#endif
