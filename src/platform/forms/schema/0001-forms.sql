-- Forms by version, and what people have typed and not yet sent (spec 23 §4).

create table form_definition (
    form_id text not null,
    version integer not null,
    schema text not null,       -- form-js JSON as it was deployed
    sha256 text not null,
    created_at bigint not null,
    primary key (form_id, version)
);

create table form_draft (
    owner_id bigint not null,   -- account
    form_id text not null,
    subject text not null,      -- what it is for: "procedure:1.004222", "task:123"
    data jsonb not null,
    updated_at bigint not null,
    primary key (owner_id, form_id, subject)
);
create index form_draft_updated on form_draft (updated_at);
