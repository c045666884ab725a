/* Where settings come from: the built-in default, then the configuration file, then the environment, then the
 * command line; the last one wins. One table (config.c) names each of them once. */
#ifndef SEN_PLATFORM_APP_CONFIG_H
#define SEN_PLATFORM_APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Config Config;

/* Reads the file of --config FILE, else DATA/sen.conf, else /etc/sen/sen.conf if there; then the environment
 * and the flags in argv[0..argc). Flags that are not settings are left in *rest, in order, NULL-ended. NULL
 * and a message with file and line when something is wrong. */
Config *config_read(int argc, char **argv, const char ***rest, char *error, int error_size);

/* Would this text of a file be accepted? */
bool config_check(const char *text, char *error, int error_size);

const char *config_text(const Config *config, const char *name); /* NULL when not set */
int64_t config_int(const Config *config, const char *name);
bool config_bool(const Config *config, const char *name);

/* The commented file with every setting and its default: `sen init` writes it, deploy/sen.conf is this text.
 */
char *config_template(void);

#endif
