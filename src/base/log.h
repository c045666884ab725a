/* The program's log: one JSON object a line on standard error, for journald and whoever collects it.
 *
 *     log_info("server.ready", "address", address, "ms", fmt("%d", ms), NULL);
 *
 * Members are pairs of text ended by NULL. Values under a name that speaks of a secret (password, token,
 * secret, cookie, authorization, pin, otp, key) are replaced by "***", and runs of 12 digits (personal
 * numbers) are masked. */
#ifndef SEN_BASE_LOG_H
#define SEN_BASE_LOG_H

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR } LogLevel;

void log_level(LogLevel least);
void log_line(LogLevel level, const char *event, ...) __attribute__((sentinel));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
