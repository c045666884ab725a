/* sen: one program. Lists the rooms it is made of, reads the settings, runs a command. */
#include "cli/commands.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/calendar/calendar.h"
#include "platform/events/events.h"
#include "platform/files/files.h"
#include "platform/forms/forms.h"
#include "platform/identity/identity.h"
#include "platform/jobs/jobs.h"
#include "platform/notify/notify.h"
#include "platform/search/search.h"
#include "platform/signatures/signatures.h"
#include "platform/solution.h"
#include "platform/tasks/tasks.h"
#include "platform/view/view.h"
#include "platform/workflow/workflow.h"
#include "solutions/procedures/procedures.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* In the order in which their migrations, reference data and start hooks run: a room stands after those it
 * builds on. */
static const Solution *const rooms[] = {
    &app_solution,      &view_solution,       &audit_solution,      &identity_solution,
    &events_solution,   &jobs_solution,       &files_solution,      &search_solution,
    &calendar_solution, &notify_solution,     &tasks_solution,      &forms_solution,
    &workflow_solution, &signatures_solution, &procedures_solution, NULL,
};

const Command commands[] = {
    { "init", command_init,
      "sen init [--demo] --data DIR          makes a new data folder, with the demonstration province if "
      "asked" },
    { "serve", command_serve,
      "sen serve --data DIR --listen HOST:PORT  answers requests until it is told to stop" },
    { "verify", command_verify,
      "sen verify --data DIR                 proves that nothing was changed behind the program's back" },
    { "routes", command_routes,
      "sen routes [--json]                   lists every path with its permission" },
    { "migrate", command_migrate,
      "sen migrate --data DIR                brings the store up to this version of the program" },
    { "user", command_user,
      "sen user add|password|lock|unlock|grant USERNAME …   keeps accounts from the shell" },
    { "backup", command_backup,
      "sen backup --data DIR --to FILE.tar   copies everything while the program runs" },
    { "restore", command_restore,
      "sen restore --from FILE.tar --data DIR   makes a data folder from a backup" },
    { "doctor", command_doctor,
      "sen doctor [--data DIR]               says what is present, missing, and then switched off" },
    { "config", command_config,
      "sen config                            prints every setting with its meaning and default" },
    { "version", command_version, "sen version" },
    { 0 },
};

bool has_word(const char **rest, const char *word)
{
    for (; *rest; rest++)
        if (text_is(*rest, word))
            return true;
    return false;
}

const char *word_after(const char **rest, const char *flag)
{
    for (; *rest; rest++)
        if (text_is(*rest, flag))
            return rest[1];
    return NULL;
}

static int usage(void)
{
    fputs("Sen: the digital platform of a province.\n\n", stderr);
    for (const Command *command = commands; command->name; command++)
        fprintf(stderr, "  %s\n", command->usage);
    fputs("\nEvery setting of `sen config` may be given as --name value or SEN_NAME=value.\n", stderr);
    return 2;
}

static int run(int argc, char **argv)
{
    char error[600];
    const char **rest;
    const Command *command = commands;
    while (command->name && (argc < 2 || !text_is(command->name, argv[1])))
        command++;
    if (!command->name)
        return usage();
    Config *config = config_read(argc - 2, argv + 2, &rest, error, sizeof error);
    if (!config) {
        fprintf(stderr, "sen: %s\n", error);
        return 2;
    }
    return command->run(config, rest);
}

/* What a request gives back the next one takes: memory goes back to the system only in large pieces, else the
 * kernel clears the same pages anew for each request. */
static void keep_freed_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_ARENA_MAX, 4); /* else each of some twenty threads keeps what its largest request took */
}

int main(int argc, char **argv)
{
    Guard guard;
    volatile int status = 1;
    json_start();
    keep_freed_memory();
    Arena *arena = arena_new(0);
    arena_use(arena);
    solutions_use(rooms);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        status = run(argc, argv);
        guard_leave(&guard);
    } else {
        fprintf(stderr, "sen: %s (%s)\n", guard.fault.message, guard.fault.code);
    }
    arena_use(NULL);
    arena_free(arena);
    return status;
}
