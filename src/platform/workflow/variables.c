/* Variables belong to scopes; an expression sees its own, then those outward to the process. */
#include "base/fault.h"
#include "base/text.h"
#include "platform/workflow/engine.h"

#include <string.h>

enum { MAX_VARIABLE = 1024 * 1024 };

Json variables_visible(const Run *run, const Scope *scope)
{
    Json all = json_new();
    const char *name;
    Json value;
    for (; scope; scope = scope->flow_scope)
        if (scope->locals)
            json_object_foreach (scope->locals, name, value)
                if (!json_object_get(all, name))
                    json_object_set(all, name, value);
    if (!json_object_get(all, "business_key") && run->instance.business_key)
        json_set_str(all, "business_key", run->instance.business_key);
    return all;
}

void variable_set_local(Run *run, Scope *scope, const char *name, Json value)
{
    if (!value)
        value = json_null();
    if (json_equal(value, json_object_get(scope->locals, name)))
        return;
    char *text = json_text(value);
    if (strlen(text) > MAX_VARIABLE)
        raise_fault(FAULT_LIMIT, "workflow.variable.size", "variable %s is larger than 1 MiB", name);
    if (!scope->locals)
        scope->locals = json_new();
    if (!scope->changed)
        scope->changed = json_new();
    json_object_set(scope->locals, name, value);
    json_set_bool(scope->changed, name, true);
    Json payload = json_set_str(json_new(), "name", name);
    json_object_set(payload, "value", value);
    run_log(run, scope, "variable", payload);
}

void variable_set(Run *run, Scope *scope, const char *name, Json value)
{
    Scope *at = scope;
    while (at->flow_scope && !json_object_get(at->locals, name))
        at = at->flow_scope;
    variable_set_local(run, at, name, value);
}

Json expression_value(Run *run, const Scope *scope, Expression e)
{
    if (e.feel) {
        bool used_up;
        Json value = feel_eval_within(e.feel, variables_visible(run, scope), run->now, &used_up);
        run->budget_used_up |= used_up;
        return value;
    }
    return e.text ? json_string(e.text) : NULL;
}

char *expression_text(Run *run, const Scope *scope, Expression e)
{
    Json value = expression_value(run, scope, e);
    if (json_is_string(value))
        return text_copy(json_string_value(value));
    return !value || json_is_null(value) ? NULL : json_text(value);
}

bool expression_true(Run *run, const Scope *scope, Expression e)
{
    return json_is_true(expression_value(run, scope, e));
}

void variables_in(Run *run, Scope *scope)
{
    for (const Mapping *m = scope->element->inputs; m; m = m->next)
        variable_set_local(run, scope, m->target, expression_value(run, scope, m->source));
}

void variables_out(Run *run, Scope *scope, Json data)
{
    const char *name;
    Json value;
    Scope *outside = scope->flow_scope ? scope->flow_scope : scope;
    json_object_foreach (data, name, value) {
        if (scope->element->outputs)
            variable_set_local(run, scope, name, value);
        else
            variable_set(run, outside, name, value);
    }
    for (const Mapping *m = scope->element->outputs; m; m = m->next)
        variable_set(run, outside, m->target, expression_value(run, scope, m->source));
}
