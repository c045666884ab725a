-- Text to be found, one row for each thing that can be. See search.c for how words are written down.

-- engine: sqlite
create table search_text (
    doc_id integer primary key, -- the row of the index
    kind text not null,         -- "dossier"
    id bigint not null,         -- key of the thing
    title text not null,        -- as given to the index: folded words, each with its kind before it;
    body text not null,         --   the index keeps no text and must be told again when something is taken out
    unique (kind, id)
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
