/* The sub-commands of `sen`. Each gets the settings and what else stood on the command line, works in the
 * arena of the process, and returns the exit status: 0 done, 1 not done, 2 wrong usage. What goes wrong is
 * raised; main.c prints it. */
#ifndef SEN_CLI_COMMANDS_H
#define SEN_CLI_COMMANDS_H

#include "platform/app/start.h"

typedef int CommandFn(const Config *config, const char **rest);

typedef struct Command {
    const char *name;
    CommandFn *run;
    const char *usage; /* one line */
} Command;

extern const Command commands[]; /* ends with a nameless one */

CommandFn command_init, command_serve, command_verify, command_routes, command_migrate, command_user,
    command_backup, command_restore, command_doctor, command_version, command_config;

/* Is the word among the rest? */
bool has_word(const char **rest, const char *word);
/* The word after `flag`, or NULL. */
const char *word_after(const char **rest, const char *flag);

#endif
