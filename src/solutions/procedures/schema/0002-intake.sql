-- Who files for somebody at the counter may repeat a request too: the applicant may have no account there.
create unique index prc_dossier_assisted on prc_dossier (assisted_by_id, request_id) where assisted_by_id is not null;
