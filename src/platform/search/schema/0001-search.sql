-- Text to be found, one row for each thing that can be. See search.c for how words are written down.

-- engine: sqlite
create table search_text (
    doc_id integer primary key, -- the row of the index
    kind text not null,         -- "dossier"
    id bigint not null,         -- key of the thing
    unique (kind, id)
);
-- The words as given to the index, which keeps none and must be told again when something is taken out. Apart from the
-- above, so that going from found rows to keys touches small rows only.
create table search_words (
    doc_id integer primary key,
    title text not null,
    body text not null
);
create virtual table search_index using fts5 (title, body, content = '', tokenize = 'ascii');

-- engine: postgres
create table search_text (
    kind text not null,
    id bigint not null,
    doc tsvector not null,
    primary key (kind, id)
);
create index search_text_doc on search_text using gin (doc);

-- engine: all
