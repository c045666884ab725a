-- Background work that survives a restart. A row is written in the transaction that asks for the work.

create table job (
    id bigint primary key,
    type text not null,          -- name of a Job of some solution: "procedures.expire-drafts"
    key text,                    -- unique among waiting jobs of the type; "@schedule": the one row of a type that runs by itself
    payload jsonb not null,
    run_at bigint not null,      -- not before this, UTC ms
    attempts integer not null default 0,
    state text not null default 'waiting', -- waiting running done parked replaced
    locked_until bigint,         -- while running: whose node has died when this is past
    error text,                  -- of the last attempt
    created_at bigint not null,
    finished_at bigint
);
create unique index job_waiting_key on job (type, key) where state = 'waiting' and key is not null;
create unique index job_schedule on job (type) where key = '@schedule';
create index job_due on job (state, run_at, id);
create index job_finished on job (finished_at) where finished_at is not null;
