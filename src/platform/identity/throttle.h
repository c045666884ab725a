/* Slowing down those who guess (spec 19 §7.2). */
#ifndef SEN_PLATFORM_IDENTITY_THROTTLE_H
#define SEN_PLATFORM_IDENTITY_THROTTLE_H

#include "store/store.h"

/* Seconds to wait after n failures in a row: 0 below 5, then 2^(n-5), at most 15 minutes. Pure. */
int64_t throttle_delay_s(int64_t failures);
/* Seconds until the next attempt for this name is looked at; 0: now. Names are treated alike whether they
 * exist or not. */
int64_t throttle_wait_s(Db *db, const char *username, int64_t now);
void throttle_failed(Db *db, const char *username, int64_t now);
void throttle_clear(Db *db, const char *username);

/* Failures of a whole network (/24, /48): 30 a minute on average. Seconds to wait, 0 when an attempt may be
 * looked at. */
int64_t throttle_network_s(const char *network, int64_t now);
void throttle_network_failed(const char *network, int64_t now);
void throttle_network_reset(void);

#endif
