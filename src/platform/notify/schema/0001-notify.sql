-- What people were told. The text is a key and its values, so that each reader gets it in their own language.

create table notification (
    id bigint primary key,
    account_id bigint not null,
    text_key text not null,      -- "procedures.notice.accepted"
    text_values jsonb not null,  -- fill its {placeholders}
    url text,                    -- where it leads: "/dossiers/123"
    urgent boolean not null,     -- goes out by mail in quiet hours too
    created_at bigint not null,
    read_at bigint,
    mail_state text not null     -- off: no mail server then · waiting · sent · none: no address
);
create index notification_account on notification (account_id, id);
create index notification_unread on notification (account_id) where read_at is null;
create index notification_mail on notification (account_id, id) where mail_state = 'waiting';
