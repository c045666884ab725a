/* The list of what this program is made of, set once by main.c before anything else runs. */
#include "platform/solution.h"

static const Solution *const *all;

void solutions_use(const Solution *const *list)
{
    all = list;
}

const Solution *const *solutions(void)
{
    static const Solution *const none[] = { NULL };
    return all ? all : none;
}
