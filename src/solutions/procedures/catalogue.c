/* What the catalogue knows, as rules and pages need it. catalogue_load.c fills it; catalogue_pages.c shows
 * it. */
#include "solutions/procedures/catalogue.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/identity/identity.h"
#include "platform/view/view.h"

static const Field version_fields[] = {
    FIELD(ID, Version, id),           FIELD(ID, Version, procedure_id), FIELD(TEXT, Version, code),
    FIELD(TEXT, Version, name),       FIELD(TEXT, Version, field),      FIELD(TEXT, Version, level),
    FIELD(TEXT, Version, agency),     FIELD(TEXT, Version, route),      FIELD(TEXT, Version, online_level),
    FIELD(TEXT, Version, process_id), FIELD(TEXT, Version, form_id),    FIELD(JSON, Version, clock_policy),
    FIELD(BOOL, Version, by_hours),   FIELD(BOOL, Version, sample),     { 0 },
};

#define VERSION_SQL                                                                                          \
    "select v.id, v.procedure_id, p.code, p.name, f.name as field, p.level, coalesce(v.agency, '') as "      \
    "agency, v.route,"                                                                                       \
    " v.online_level, v.process_id, v.form_id, v.clock_policy, v.by_hours, v.sample"                         \
    " from prc_version v join prc_procedure p on p.id = v.procedure_id join prc_field f on f.id = "          \
    "p.field_id"

bool version_find(Db *db, int64_t version_id, Version *out)
{
    return db_get(db, version_fields, out, VERSION_SQL " where v.id = ?1", ID(version_id));
}

bool version_in_force(Db *db, const char *procedure_code, Version *out)
{
    return db_get(db, version_fields, out, VERSION_SQL " where p.code = ?1 and v.id = p.version_id",
                  T(procedure_code));
}

/* ---- Time ---- */

Limit version_limit(Db *db, const Version *v, int64_t channel, int64_t *case_id)
{
    Json row =
        *case_id ? db_row(db, "select id, quantity, unit from prc_case where id = ?1 and version_id = ?2",
                          ID(*case_id), ID(v->id))
                 : db_row(db,
                          "select id, quantity, unit from prc_case where version_id = ?1 and unit <> 'OTHER'"
                          " and (channel is null or channel = ?2) order by place limit 1",
                          ID(v->id), I(channel));
    *case_id = json_id(row, "id");
    return (Limit){ limit_unit(json_str(row, "unit")), json_int(row, "quantity"), v->by_hours };
}

const char *limit_text(const char *lang, int64_t quantity, const char *unit)
{
    Json values = json_set_int(json_new(), "count", quantity);
    return text_in(lang, fmt("procedures.limit.%s", unit), values);
}

/* ---- Money ---- */

static const Field fee_fields[] = {
    FIELD(TEXT, FeeRule, kind),    FIELD(INT, FeeRule, channel),
    FIELD(INT, FeeRule, vnd),      FIELD(INT, FeeRule, first_pages),
    FIELD(INT, FeeRule, next_vnd), FIELD(INT, FeeRule, cap_vnd),
    FIELD(BOOL, FeeRule, known),   FIELD(BOOL, FeeRule, exemptions),
    FIELD(TEXT, FeeRule, note),    { 0 },
};

static size_t fee_rules(Db *db, int64_t version_id, FeeRule **rules)
{
    return db_all(db, fee_fields, sizeof(FeeRule), rules,
                  "select kind, channel, vnd, first_pages, next_vnd, cap_vnd, known, exemptions, "
                  "coalesce(note, '') as note"
                  " from prc_fee_def where version_id = ?1 order by place",
                  ID(version_id));
}

FeeQuote version_fee(Db *db, const Version *v, const FeeCase *of)
{
    FeeRule *rules;
    size_t count = fee_rules(db, v->id, &rules);
    FeeQuote quote = fee_quote(rules, count, of);
    /* A record that says nothing about money does not say that it is free. */
    quote.known = quote.known && (json_array_size(quote.lines) > 0 || !v->sample);
    return quote;
}

static const char *fee_text(const char *lang, const FeeRule *rule)
{
    Json values = json_new();
    const char *kind = text_in(lang, fmt("procedures.fee.%s", rule->kind), NULL);
    json_set_str(values, "kind", kind);
    json_set_str(values, "vnd", show_money(lang, rule->vnd));
    json_set_str(values, "next_vnd", show_money(lang, rule->next_vnd));
    json_set_str(values, "cap_vnd", show_money(lang, rule->cap_vnd));
    json_set_int(values, "first_pages", rule->first_pages);
    json_set_str(values, "note", rule->note);
    if (!rule->known)
        return text_in(lang, *rule->note ? "procedures.fee.unknown" : "procedures.fee.unknown_silent",
                       values);
    if (rule->first_pages)
        return text_in(lang, "procedures.fee.by_page", values);
    const char *text = text_in(lang, rule->vnd ? "procedures.fee.flat" : "procedures.fee.free", values);
    return rule->exemptions ? fmt("%s; %s", text, text_in(lang, "procedures.fee.exemptions", NULL)) : text;
}

/* ---- For people ---- */

static bool of_channel(int64_t rule_channel, int64_t channel)
{
    return !rule_channel || rule_channel == channel;
}

static void add_once(Json texts, const char *text)
{
    json_each (texts, i, item)
        if (text_is(json_string_value(item), text))
            return;
    json_add_str(texts, text);
}

static Json channel_model(Db *db, const Version *v, int64_t channel, const char *lang)
{
    static const char *const titles[] = { "", "procedures.channel.1", "procedures.channel.2",
                                          "procedures.channel.3" };
    Json model = json_new(), limits = json_list(), fees = json_list(), rows;
    FeeRule *rules;
    size_t count = fee_rules(db, v->id, &rules);
    rows = db_rows(db,
                   "select quantity, unit, channel from prc_case where version_id = ?1 and unit <> 'OTHER' "
                   "order by place",
                   ID(v->id));
    json_each (rows, i, row)
        if (of_channel(json_int(row, "channel"), channel))
            add_once(limits, limit_text(lang, json_int(row, "quantity"), json_str(row, "unit")));
    for (size_t i = 0; i < count; i++)
        if (of_channel(rules[i].channel, channel))
            add_once(fees, fee_text(lang, &rules[i]));
    if (!json_array_size(limits))
        json_add_str(limits, text_in(lang, "procedures.limit.unsaid", NULL));
    if (!json_array_size(fees))
        json_add_str(
            fees, text_in(lang, v->sample ? "procedures.fee.unknown_silent" : "procedures.fee.none", NULL));
    json_set_int(model, "channel", channel);
    json_set_str(model, "title", text_in(lang, titles[channel], NULL));
    json_set(model, "limits", limits);
    return json_set(model, "fees", fees);
}

Json version_channels(Db *db, const Version *v, const char *lang)
{
    static const int64_t order[] = { CHANNEL_ONLINE, CHANNEL_COUNTER, CHANNEL_POST };
    Json channels = json_list();
    for (size_t i = 0; i < 3; i++)
        json_add(channels, channel_model(db, v, order[i], lang));
    return channels;
}

Json version_papers(Db *db, int64_t version_id)
{
    Json groups = json_list(), group = NULL;
    const char *open = NULL;
    Json rows = db_rows(
        db,
        "select id, code, name, group_name, group_type, presented, form, required, original_qty, copy_qty"
        " from prc_component_def where version_id = ?1 order by group_type, group_name, place",
        ID(version_id));
    json_each (rows, i, row) {
        if (!group || !text_is(open, json_str(row, "group_name"))) {
            open = json_str(row, "group_name");
            group = json_new();
            json_set_str(group, "name", open);
            json_set_bool(group, "one_of", text_is(json_str(row, "group_type"), "ONE_OF"));
            json_set(group, "papers", json_list());
            json_add(groups, group);
        }
        json_add(json_at(group, "papers"), row);
    }
    return groups;
}

/* ---- Where ---- */

const char *version_department(const Version *v)
{
    size_t size;
    const char *name = "src/solutions/procedures/data/local-rules.json", *text = asset_text(name, &size);
    Json rules = json_parse_own(text, size, name);
    return json_str(json_object_get(json_object_get(rules, "fields"), v->field), "department");
}

static bool commune(const Org *org)
{
    return text_is(org->kind, "people_committee_commune");
}

/* Spec 03 §7.7: what the commune level decides, any commune receives; what the province decides, the
 * department of the field. */
bool version_body_ok(const Version *v, int64_t org_id)
{
    const Org *org = org_by_id(org_id);
    if (!org)
        return false;
    return text_is(v->level, "xa") ? commune(org) : text_is(org->key, version_department(v));
}

static Json body_model(const Org *org)
{
    Json body = json_new();
    json_set_id(body, "id", org->id);
    json_set_str(body, "name", org->name);
    return json_set_str(body, "code", org->code);
}

Json version_bodies(const Version *v)
{
    Json bodies = json_list();
    const Org **all, *department = org_by_key(version_department(v));
    size_t count = text_is(v->level, "xa") ? orgs_all(&all) : 0;
    for (size_t i = 0; i < count; i++)
        if (commune(all[i]))
            json_add(bodies, body_model(all[i]));
    if (!count && department)
        json_add(bodies, body_model(department));
    return bodies;
}
