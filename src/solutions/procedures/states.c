/* The table of Circular 03/2025/TT-VPCP and the national portal's exchange, as spec 03 §5.1 gives it.
 * Whatever stands not here is not possible: handlers ask move_find() and nothing else. Technical failure
 * never changes a state, so it has no row. */
#include "solutions/procedures/states.h"
#include "base/text.h"

#include <string.h>

static const State states[] = {
    { "draft", "nhap", 0, false, false, "grey" },
    { "submitted", "cho_tiep_nhan", 1, false, false, "amber" },
    { "refused", "tu_choi", 3, true, false, "red" },
    { "incomplete", "cho_hoan_thien", 5, false, false, "amber" },
    { "accepted", "da_tiep_nhan", 2, false, true, "blue" },
    { "awaiting_payment", "cho_tai_chinh", 6, false, false, "amber" },
    { "in_progress", "dang_xu_ly", 4, false, true, "blue" },
    { "awaiting_supplement", "cho_bo_sung", 5, false, false, "amber" },
    { "withdrawing", "yeu_cau_rut", 7, false, false, "grey" },
    { "stopped", "dung", 8, true, false, "grey" },
    { "resolved", "da_co_ket_qua", 9, false, false, "green" },
    { "returned", "da_tra", 10, true, false, "green" },
};

static const Move moves[] = {
    { "submit", "draft", "submitted", NULL },
    { "refuse", "submitted", "refused", NULL },
    { "ask_completion", "submitted", "incomplete", NULL },
    { "complete", "incomplete", "submitted", NULL },
    { "accept", "submitted", "accepted", NULL },
    { "require_payment", "accepted in_progress", "awaiting_payment", "payment" },
    { "pay", "awaiting_payment", "in_progress", "-payment" },
    { "hand_over", "accepted", "in_progress", NULL },
    { "request_supplement", "in_progress", "awaiting_supplement", "supplement" },
    { "supplement", "awaiting_supplement", "in_progress", "-supplement" },
    { "expire", "awaiting_supplement", "stopped", NULL },
    { "withdraw", "submitted incomplete accepted awaiting_payment in_progress awaiting_supplement",
      "withdrawing", NULL },
    { "agree_withdrawal", "withdrawing", "stopped", NULL },
    { "reject_withdrawal", "withdrawing", NULL, NULL },
    { "stop", "in_progress", "stopped", NULL },
    { "issue", "in_progress", "resolved", NULL },
    { "deliver", "resolved", "returned", NULL },
};

const State *state_find(const char *name)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (text_is(states[i].name, name))
            return &states[i];
    return NULL;
}

size_t states_all(const State **all)
{
    *all = states;
    return sizeof states / sizeof *states;
}

static bool leaves(const Move *move, const char *status)
{
    return strstr(fmt(" %s ", move->from), fmt(" %s ", status)) != NULL;
}

const Move *move_find(const char *event, const char *status)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (text_is(moves[i].event, event) && leaves(&moves[i], status))
            return &moves[i];
    return NULL;
}

Json moves_allowed(const char *status)
{
    Json allowed = json_list();
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (leaves(&moves[i], status))
            json_add_str(allowed, moves[i].event);
    return allowed;
}
