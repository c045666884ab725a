-- Who files for somebody at the counter may repeat a request too: the applicant may have no account there.
create unique index prc_dossier_assisted on prc_dossier (assisted_by_id, request_id) where assisted_by_id is not null;

-- Work lists show what a body received or has to decide; without this every page of theirs reads the whole table to count it.
create index prc_dossier_reception on prc_dossier (reception_org_id);
