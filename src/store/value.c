/* Parameters. A null remembers what it would have been, because PostgreSQL prepares a statement for the types
 * of its parameters. */
#include "store/engine.h"

#include <string.h>

Value value_null(ValueType meant)
{
    return (Value){ .type = VALUE_NULL, .i = meant };
}

Value I(int64_t i)
{
    return (Value){ .type = VALUE_INT, .i = i };
}

Value R(double r)
{
    return (Value){ .type = VALUE_REAL, .r = r };
}

Value B(bool b)
{
    return (Value){ .type = VALUE_BOOL, .i = b };
}

Value T(const char *text)
{
    return text ? (Value){ .type = VALUE_TEXT, .at = text, .size = strlen(text) } : value_null(VALUE_TEXT);
}

Value X(const void *bytes, size_t size)
{
    return bytes ? (Value){ .type = VALUE_BYTES, .at = bytes, .size = size } : value_null(VALUE_BYTES);
}

Value J(Json json)
{
    if (!json)
        return value_null(VALUE_JSON);
    Value value = T(json_text(json));
    value.type = VALUE_JSON;
    return value;
}

Value N(void)
{
    return value_null(VALUE_NULL);
}

Value ID(int64_t key)
{
    return key ? I(key) : value_null(VALUE_INT);
}
