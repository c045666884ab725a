-- One row for each thing that was filed or made; equal bytes are kept once on disk, under their digest.

create table file (
    id bigint primary key,
    sha256 text not null,       -- 64 hex digits: the name of the bytes below DATA/files
    name text not null,         -- as sent, for people
    type text not null,         -- media type found by content
    size bigint not null,       -- bytes
    owner_account_id bigint,
    org_id bigint,
    created_at bigint not null,
    scan_state text not null    -- own: made here · off: no scanner · pending · clean · infected
);
create index file_sha256 on file (sha256);
create index file_pending on file (id) where scan_state = 'pending';
