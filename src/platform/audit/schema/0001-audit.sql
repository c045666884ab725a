-- The audit chain (spec 19 §4 and §7.6). Rows are only ever inserted. See audit.c for what it proves.

create table audit (
    id bigint primary key,
    stream integer not null,    -- 1..16, by the actor
    seq bigint not null,        -- 1, 2, 3 … without a gap in its stream
    at bigint not null,         -- UTC ms
    actor text not null,        -- "u:123", "system", "stranger"
    on_behalf_of text,
    org_id bigint,              -- the body the actor acted for
    session_id bigint,
    action text not null,       -- "procedures.accept"
    object text not null,       -- "dossier:123"
    case_id bigint,             -- the dossier, document … the act belongs to, when the details name one
    result text not null,       -- ok denied failed
    ip_prefix text,
    trace_id text,
    details jsonb,
    prev_id bigint,             -- the row before in the stream
    prev text not null,         -- its hash; 64 zeros for the first
    hash text not null,
    unique (stream, seq)
);
create index audit_at on audit (at, id);
create index audit_actor on audit (actor, at);
create index audit_object on audit (object, at);

create table audit_head (
    stream integer primary key,
    seq bigint not null,
    row_id bigint,              -- the last row; null before the first
    hash text not null
);
-- All of them from the start: two writers that begin a stream at once then wait for each other instead of both making its head.
insert into audit_head (stream, seq, hash) values
    (1, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (2, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (3, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (4, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (5, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (6, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (7, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (8, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (9, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (10, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (11, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (12, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (13, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (14, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (15, 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    (16, 0, '0000000000000000000000000000000000000000000000000000000000000000');

create table audit_anchor (
    day bigint primary key,     -- days since 1970-01-01, local
    at bigint not null,
    rows_total bigint not null,
    root text not null,         -- Merkle root over the heads of the streams
    heads jsonb not null
);
