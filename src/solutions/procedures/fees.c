/* A rule is a flat amount or one by pages with a cap per copy: the two forms in which circulars on fees are
 * written. */
#include "solutions/procedures/fees.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t fee_of(const FeeRule *rule, const FeeCase *of)
{
    if (of->exempt && rule->exemptions)
        return 0;
    if (!rule->first_pages)
        return rule->vnd;
    int64_t first = least(of->pages, rule->first_pages);
    int64_t copy = first * rule->vnd + (of->pages - first) * rule->next_vnd;
    return (rule->cap_vnd ? least(copy, rule->cap_vnd) : copy) * of->copies;
}

FeeQuote fee_quote(const FeeRule *rules, size_t count, const FeeCase *of)
{
    FeeQuote quote = { .known = true, .lines = json_list() };
    for (size_t i = 0; i < count; i++) {
        const FeeRule *rule = &rules[i];
        if (rule->channel && rule->channel != (int64_t)of->channel)
            continue;
        int64_t vnd = rule->known ? fee_of(rule, of) : 0;
        Json item = json_new();
        json_set_str(item, "kind", rule->kind);
        json_set_int(item, "vnd", vnd);
        json_set_bool(item, "known", rule->known);
        json_set_str(item, "note", rule->note);
        json_add(quote.lines, item);
        quote.vnd += vnd;
        quote.known = quote.known && rule->known;
    }
    return quote;
}
