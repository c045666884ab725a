/* Finding, making and leaving the token: the module is loaded, the slot with our label found, and a blank
 * SoftHSM token initialised through PKCS#11 itself. */
#include "platform/signatures/device.h"
#include "platform/signatures/softhsm.h"
#include "base/text.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SLOTS = 64 };

static const char LABEL[] = "sen";

/* The slot of the token that is labelled ours, or of the only token; else CKR_TOKEN_NOT_PRESENT and in *blank
 * a slot that has a token without data, if there is one. */
static CK_RV find_slot(CK_SLOT_ID *slot, CK_SLOT_ID *blank, bool *has_blank)
{
    CK_SLOT_ID slots[MOST_SLOTS];
    CK_ULONG count = MOST_SLOTS;
    CK_RV rv = sig_device.p11->C_GetSlotList(CK_TRUE, slots, &count);
    *has_blank = false;
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        CK_TOKEN_INFO info;
        if (sig_device.p11->C_GetTokenInfo(slots[i], &info) != CKR_OK)
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
    CK_RV rv = sig_device.p11->C_InitToken(blank, (CK_UTF8CHAR *)so_pin, strlen(so_pin), label);
    if (rv == CKR_OK)
        rv = find_slot(&sig_device.slot, &none, &has_none);
    if (rv == CKR_OK)
        rv = sig_device.p11->C_OpenSession(sig_device.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                           &session);
    if (rv != CKR_OK)
        return rv;
    rv = sig_device.p11->C_Login(session, CKU_SO, (CK_UTF8CHAR *)so_pin, strlen(so_pin));
    if (rv == CKR_OK)
        rv = sig_device.p11->C_InitPIN(session, (CK_UTF8CHAR *)sig_device.pin, strlen(sig_device.pin));
    sig_device.p11->C_Logout(session);
    sig_device.p11->C_CloseSession(session);
    return rv;
}

static const char *load_module(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList list = library ? (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList") : NULL;
    if (!list)
        return fmt("%s is no PKCS#11 module: %s", path, dlerror());
    CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
    CK_RV rv = list(&sig_device.p11);
    if (rv == CKR_OK)
        rv = sig_device.p11->C_Initialize(&arguments);
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
        return "the file keys/sig_device.pin is missing";
    snprintf(sig_device.pin, sizeof sig_device.pin, "%s", pin);
    const char *problem = load_module(path);
    if (problem)
        return problem;
    CK_RV rv = find_slot(&sig_device.slot, &blank, &has_blank);
    if (rv == CKR_TOKEN_NOT_PRESENT && soft && has_blank)
        rv = init_token(blank, so_pin);
    if (rv == CKR_OK)
        rv = device_session(&sig_device.keeper);
    return rv == CKR_OK ? NULL : fmt("no token can be used: 0x%08lx", rv);
}

/* The library itself stays loaded: modules leave handlers behind that run when the process ends. */
static void unload(void)
{
    if (sig_device.p11)
        sig_device.p11->C_Finalize(NULL);
    sig_device.p11 = NULL;
    explicit_bzero(sig_device.pin, sizeof sig_device.pin);
}

bool token_open(const char *module, const char *data_dir, char *reason, size_t reason_size)
{
    if (sig_device.open)
        return true;
    const char *problem = open_token(module, data_dir);
    if (problem) {
        snprintf(reason, reason_size, "%s", problem);
        unload();
        return false;
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors > 0 ? (size_t)processors * 2 : 2;
    memset(sig_device.sessions, 0, sizeof sig_device.sessions);
    sig_device.session_count = count < MOST_SESSIONS ? count : MOST_SESSIONS;
    sig_device.open = true;
    return true;
}

void token_close(void)
{
    pthread_mutex_lock(&sig_device.lock);
    bool was_open = sig_device.open;
    sig_device.open = false;
    pthread_cond_broadcast(&sig_device.given_back);
    for (size_t i = 0; i < sig_device.session_count; i++)
        while (sig_device.sessions[i].taken)
            pthread_cond_wait(&sig_device.given_back, &sig_device.lock);
    pthread_mutex_unlock(&sig_device.lock);
    if (was_open)
        unload();
}

bool token_is_open(void)
{
    return sig_device.open;
}
