-- What happened, and who still has to be told of it. Both rows are written in the transaction of the change itself.

create table event (
    id bigint primary key,      -- in order of time; the order of delivery
    topic text not null,        -- "procedures.dossier.accepted"
    subject_id bigint,          -- the record it is about
    org_id bigint,              -- whose event it is; null: nobody's
    at bigint not null,         -- UTC ms
    data jsonb not null
);
create index event_at on event (at);

create table event_pending (
    id bigint primary key,
    subscriber text not null,   -- name of a Subscription
    event_id bigint not null references event (id),
    order_id bigint not null,   -- the subject: one subscriber gets its events in order; an event without a subject stands alone
    attempts integer not null default 0,
    next_at bigint not null,    -- not before this
    parked_at bigint,           -- given up until a person says what to do
    error text,                 -- of the last attempt
    unique (subscriber, event_id)
);
create index event_pending_order on event_pending (subscriber, order_id, event_id);
create index event_pending_due on event_pending (next_at) where parked_at is null;
create index event_pending_event on event_pending (event_id);
