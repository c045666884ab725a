/* A list page from a table: columns, filters, sorting, keyset paging, column choice, export. Every register
 * and work list of every module is one.
 *
 *   static const ListColumn columns[] = { { "code", "d.code", LIST_CODE, .link = "/dossiers/{id}" }, … { 0 }
 * }; static const List dossiers = { .name = "procedures.dossiers", .from = "prc_dossier d join prc_procedure
 * p on …", .key = "d.id", .columns = columns, … }; return list_page(rq, &dossiers, scope_sql(…), NULL);
 *
 * Texts are i18n keys by convention: "<name>.title", "<name>.column.<column>", "<name>.filter.<filter>",
 * "<name>.empty". Query: ?q= &sort=due_at,-code &after= &limit= &columns= &format=csv|xlsx|json and one
 * member per filter. Template: lists/list. */
#ifndef SEN_PLATFORM_LISTS_H
#define SEN_PLATFORM_LISTS_H

#include "net/http.h"
#include "platform/solution.h"

typedef enum ListKind {
    LIST_TEXT,
    LIST_CODE,
    LIST_NUMBER,
    LIST_MONEY,
    LIST_DATE,
    LIST_DATETIME,
    LIST_STATE, /* a chip: i18n key "<name>.<column>.<value>", colour from .states */
    LIST_DUE,   /* a moment with its colour and words: overdue, today, in n days */
} ListKind;

typedef struct ListColumn {
    const char *name; /* member and query name */
    const char *sql;  /* expression */
    ListKind kind;
    const char *link;      /* "/dossiers/{id}": {members} of the row; NULL: plain */
    const char *states;    /* LIST_STATE: "accepted=blue late=red"; colours: green amber red blue grey */
    bool sortable, hidden; /* hidden: offered, not shown at first */
    bool masked;           /* a personal number: shown masked */
} ListColumn;

typedef enum FilterKind {
    FILTER_CHOICE,
    FILTER_DATE_FROM,
    FILTER_DATE_TO,
    FILTER_FLAG,
    FILTER_TEXT,
    FILTER_ORG
} FilterKind;

typedef struct ListFilter {
    const char *name;
    FilterKind kind;
    const char *sql;     /* condition with one ?: "d.status = ?"; FLAG: without one */
    const char *choices; /* CHOICE: "a|b|c", titles "<list>.filter.<name>.<choice>" ; NULL with .options */
    const char *options; /* CHOICE: a query giving columns value, title */
} ListFilter;

typedef struct List {
    const char *name;
    const char *path;
    const char *from; /* tables */
    const char *key;  /* unique column that ends every order: "d.id" */
    const ListColumn *columns;
    const ListFilter *filters;
    const char *order;  /* default: "due_at" or "-created_at" */
    const char *search; /* kind in platform/search for ?q=; NULL: no search box */
    const char *action; /* i18n key of the one primary act; NULL: none */
    const char *action_path;
    const char *topic; /* reloads the table by server-sent events */
} List;

/* `scope`: a condition that is always there (organisation scope); "1=1" only for public lists. `extra`:
 * members to add to the model; may be NULL. */
Reply list_page(Request *rq, const List *list, const char *scope, Json extra);
/* Only the model: {columns, rows, count, next, filters, …}. */
Json list_model(Request *rq, const List *list, const char *scope);

#endif
