/* sen verify: asks every room to prove its own: the audit chain, dossier chains, files against their digests,
 * and the engine's own check. Prints a sentence for each thing that is not as it was written. */
#include "cli/commands.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdio.h>

/* What a room cannot even read is broken, too; the others are still asked. */
static bool check_room(const Solution *solution, Db *db, Json complaints)
{
    Guard guard;
    volatile bool sound = false;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        sound = solution->verify(db, complaints);
        guard_leave(&guard);
    } else {
        json_add_str(complaints,
                     fmt("cannot be read on from here: %s (%s)", guard.fault.message, guard.fault.code));
    }
    return sound;
}

static int check_rooms(Store *store)
{
    int broken = 0;
    for (const Solution *const *solution = solutions(); *solution; solution++) {
        if (!(*solution)->verify)
            continue;
        Json complaints = json_list();
        Db *db = store_read_begin(store);
        bool sound = check_room(*solution, db, complaints);
        store_read_end(db);
        printf("%-12s %s\n", (*solution)->name, sound ? "sound" : "BROKEN");
        json_each (complaints, i, line)
            printf("  %s\n", json_string_value(line));
        broken += !sound;
    }
    return broken;
}

int command_verify(const Config *config, const char **rest)
{
    Settings s;
    (void)rest;
    Store *store = app_open(config, &s, false);
    char *complaint = store_integrity(store);
    printf("%-12s %s\n", "store", *complaint ? complaint : "sound");
    int broken = (*complaint != '\0') + check_rooms(store);
    store_close(store);
    puts(broken ? "NOT VERIFIED" : "verified");
    return broken != 0;
}
