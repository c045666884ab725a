/* The glue between net, store and platform: runs each request in its transaction.
 *
 *   worker: session → permission → CSRF → parameters → GET, HEAD and ROUTE_SLOW run here on a read snapshot;
 *           other methods are queued to the store as one write transaction;
 *   store:  handler; a reply of status ≥ 400 (or has_errors) undoes the transaction;
 *   worker: once durable, the page is rendered and sent. */
#ifndef SEN_PLATFORM_APP_APP_H
#define SEN_PLATFORM_APP_APP_H

#include "net/http.h"
#include "net/server.h"
#include "store/store.h"

typedef struct Settings {
    const char *data_dir; /* files/, tmp/, keys/, sen.db */
    const char
        *base_url; /* how the outside reaches us, for QR codes and mail: "https://dichvucong.example.vn" */
    const char *province_code;        /* H20 */
    const char *smtp_url, *smtp_from; /* NULL: mail is kept in the queue, shown in-app only */
    const char *clamd;                /* "unix:/run/clamav/clamd.ctl" or host:port; NULL: no scan */
    const char *pkcs11_module;        /* NULL: SoftHSM's */
    bool demo;                        /* demonstration accounts on the sign-in page, banner on every page */
    int64_t demo_dossiers;            /* how many the demonstration province gets */
} Settings;

const Settings *settings(void);
Store *app_store(void);
Server *app_server(void); /* NULL in commands */

/* In a ROUTE_SLOW handler: runs `write` with rq->db set to a write transaction, durable when it returns. The
 * handler's reply is undone work if `write` called db_reject(). Raises what the store raises. */
typedef void RequestWrite(Request *rq, void *argument);
void db_in_write(Request *rq, RequestWrite *write, void *argument);

/* Text of an embedded file ("src/solutions/procedures/forms/x.json", "data/procedures.json"), static memory;
 * NULL when there is none. */
const char *asset_text(const char *name, size_t *size);
/* Names of embedded files below a folder, sorted, NULL-ended. */
const char **asset_names(const char *prefix, const char *suffix);

#endif
