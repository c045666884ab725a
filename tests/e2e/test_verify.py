#!/usr/bin/env python3
"""`sen verify` proves what it says, both stores: it passes after the demonstration was loaded and after a day's work, and fails and names the row after anything was changed
behind the program's back: in the audit trail, a dossier's chain, its state, its due date, a file. And the other commands: backup while people write, restore, migrate,
doctor, user, errors in the settings, an orderly end with requests in flight."""
from lib import *

sen = Sen(dossiers=300)
DRAFT = {'kind': 'positive', 'result_title': 'Thông báo kết quả', 'conclusion': 'Hồ sơ đủ điều kiện giải quyết theo quy định.'}
W = {}


def ok(a):
    check(a.status in (200, 201), f'{a.status} {a.text[:500]}')
    return a.json


@test
def verify_passes_after_the_demonstration_was_loaded():
    r = sen.command('verify')
    check(r.stdout.rstrip().endswith('verified') and 'NOT' not in r.stdout, r.stdout)
    for room in ('store', 'audit', 'files', 'procedures'):
        check(re.search(rf'^{room} +sound$', r.stdout, re.M), f'{room}: {r.stdout}')


@test
def verify_passes_after_a_days_work():
    sen.start()
    citizen, desk, specialist, leader, clerk = (Person(sen).sign_in(n) for n in ('cong.dan', 'mot.cua', 'chuyen.vien', 'lanh.dao', 'van.thu'))
    for n in range(6):
        key = file_dossier(citizen, ('1.004222', '2.000815')[n % 2])
        if n == 0:
            ok(desk.act(key, 'refuse', ground='Không thuộc thẩm quyền'))
            continue
        ok(desk.act(key, 'accept'))
        if n == 1:
            ok(citizen.act(key, 'withdraw', reason='Tôi xin rút'))
            ok(desk.act(key, 'settle-withdrawal', agree=True))
            continue
        if n == 2:
            ok(specialist.act(key, 'request-supplement', items=['Hợp đồng'], ground='Điều 20 Luật Cư trú'))
            ok(citizen.upload(f'/dossiers/{key}/supplement', {}, {'item_0': ('a.pdf', 'application/pdf', PAPER)}, 'application/json'))
        ok(specialist.act(key, 'examine', **DRAFT))
        if n == 3:
            ok(leader.act(key, 'return-draft', note='Xin viết lại kết luận'))
            ok(specialist.act(key, 'examine', **DRAFT))
        ok(leader.act(key, 'sign'))
        ok(clerk.act(key, 'issue'))
        W['key'], W['code'] = key, citizen.record(key)['code']
        W['sha'] = citizen.record(key)['result']['sha256']
    equal(sen.stop(), 0)
    r = sen.command('verify', check=False)
    equal(r.returncode, 0, r.stdout)


# ---- Behind its back ----

class Copy:
    """A copy of everything: the folder, and on PostgreSQL the database."""
    number = 0

    def __enter__(self):
        Copy.number += 1
        self.data = os.path.join(sen.folder, f'copy-{Copy.number}')
        shutil.copytree(sen.data, self.data)
        self.store = []
        if STORE:
            self.url = STORE.replace('dbname=sen', f'dbname=copy{Copy.number}')
            admin = STORE.replace('dbname=sen', 'dbname=postgres')
            subprocess.run(['psql', admin, '-qc', f'drop database if exists copy{Copy.number}', '-c', f'create database copy{Copy.number} template sen'], check=True, stderr=subprocess.DEVNULL)
            self.store = ['--store', self.url]
        return self

    def sql(self, sql):
        if STORE:
            subprocess.run(['psql', self.url, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', sql], check=True, stdout=subprocess.PIPE)
        else:
            subprocess.run(['sqlite3', os.path.join(self.data, 'sen.db'), sql], check=True, stdout=subprocess.DEVNULL)

    def verify(self):
        return subprocess.run([SEN, 'verify', '--data', self.data, *self.store], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __exit__(self, *_):
        shutil.rmtree(self.data)
        if STORE:
            subprocess.run(['psql', STORE.replace('dbname=sen', 'dbname=postgres'), '-qc', f'drop database copy{Copy.number}'], check=True)


def found(r, *words):
    check(r.returncode == 1 and 'NOT VERIFIED' in r.stdout, f'ended with {r.returncode}: {r.stdout}')
    for word in words:
        check(word in r.stdout, f'"{word}" is not named: {r.stdout}')


def row(where):
    """An audit row of the day: its key, and number in its stream."""
    return sen.sql(f'select id, stream, seq from audit where {where} order by id limit 1')[0]


@test
def an_untouched_copy_verifies():
    with Copy() as copy:
        equal(copy.verify().returncode, 0)


@test
def a_changed_audit_row_is_named():
    key = row("action = 'procedures.accept'")[0]
    for change in ("action = 'procedures.accepx'", "actor = 'u:1'", 'at = at + 1', "object = 'dossier:1'", "result = 'denied'", "prev = hash", 'org_id = null', "ip_prefix = '10.0.0.0/24'", "hash = prev"):
        with Copy() as copy:
            copy.sql(f'update audit set {change} where id = {key}')
            found(copy.verify(), f'audit row {key}')


@test
def one_changed_byte_of_the_details_is_found():
    key = row("action = 'procedures.accept'")[0]
    with Copy() as copy:
        copy.sql(f"update audit set details = replace(cast(details as text), 'accept', 'accepT'){'::jsonb' if STORE else ''} where id = {key}")
        found(copy.verify(), f'audit row {key}', 'content was changed')


@test
def a_removed_audit_row_is_named_also_the_last_of_its_stream():
    key, stream, seq = row("action = 'procedures.issue'")
    with Copy() as copy:
        copy.sql(f'delete from audit where id = {key}')
        found(copy.verify(), f'audit row {key}', 'missing')
    last = sen.sql('select row_id from audit_head order by seq desc limit 1')[0][0]
    with Copy() as copy:
        copy.sql(f'delete from audit where id = {last}')
        found(copy.verify(), f'audit row {last}', 'missing')


@test
def an_audit_row_put_in_and_two_exchanged_are_found():
    a, b = sen.sql("select id, seq from audit where stream = (select stream from audit_head order by seq desc limit 1) order by seq desc limit 2")
    with Copy() as copy:
        copy.sql(f'update audit set seq = -1 where id = {a[0]}; update audit set seq = {a[1]} where id = {b[0]}; update audit set seq = {b[1]} where id = {a[0]}')
        found(copy.verify(), a[0])
    with Copy() as copy:
        copy.sql(f"insert into audit select id + 1, stream, seq + 1, at, actor, on_behalf_of, org_id, session_id, action, object, case_id, result, ip_prefix, trace_id, details, id, hash, hash from audit where id = {a[0]}")
        found(copy.verify(), str(int(a[0]) + 1))


@test
def a_changed_event_of_a_dossier_is_named():
    for change in ("note = 'khác'", 'at = at - 3600000', 'actor_id = 1', "to_status = 'stopped'", "kind = 'refuse'", "hash = 'x'"):
        with Copy() as copy:
            copy.sql(f"update prc_dossier_event set {change} where dossier_id = {W['key']} and seq = 2")
            found(copy.verify(), f'dossier {W["key"]}, event 2')
    for gone in ('seq = 2', 'seq = (select max(seq) from prc_dossier_event where dossier_id = ' + W['key'] + ')', 'seq > 0'):
        with Copy() as copy:
            copy.sql(f"delete from prc_dossier_event where dossier_id = {W['key']} and {gone}")
            found(copy.verify(), f'dossier {W["key"]}')


@test
def a_changed_state_or_due_date_of_a_dossier_is_named():
    for change in ("status = 'in_progress'", "status = 'khong-co'", 'due_at = due_at + 86400000', 'accepted_at = accepted_at - 864000000', "event_hash = ''", 'event_seq = event_seq - 1'):
        with Copy() as copy:
            copy.sql(f'update prc_dossier set {change} where id = {W["key"]}')
            found(copy.verify(), f'dossier {W["key"]}')


@test
def a_changed_shortened_or_lost_file_is_named():
    for change in ('byte', 'short', 'gone'):
        with Copy() as copy:
            path = next(os.path.join(f, n) for f, _, names in os.walk(os.path.join(copy.data, 'files')) for n in names if W['sha'] in os.path.join(f, n).replace('/', '') or W['sha'] in n)
            data = open(path, 'rb').read()
            os.chmod(path, 0o600)
            if change == 'gone':
                os.unlink(path)
            else:
                at = random.randrange(len(data))
                open(path, 'wb').write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:] if change == 'byte' else data[:-1])
            found(copy.verify(), W['sha'][:12])


@test
def what_cannot_be_read_is_told_and_the_other_rooms_are_asked_all_the_same():
    with Copy() as copy:
        copy.sql("update audit_anchor set heads = " + ("'7'" if STORE else "'[{'"))
        copy.sql(f"update prc_dossier set due_at = due_at + 1 where id = {W['key']}")
        found(copy.verify(), 'audit        BROKEN', f'dossier {W["key"]}')


@test
def one_flipped_bit_in_the_pages_of_the_audit_table_is_found():
    """SQLite only: PostgreSQL's own page checksums answer for its files."""
    if STORE:
        return
    hashes = [r[0] for r in sen.sql('select hash from audit order by id')]
    for _ in range(8):
        with Copy() as copy:
            path = os.path.join(copy.data, 'sen.db')
            copy.sql('pragma wal_checkpoint(truncate)')
            data = bytearray(open(path, 'rb').read())
            at = data.index(random.choice(hashes).encode()) + random.randrange(64)
            data[at] ^= 1 << random.randrange(8)
            open(path, 'wb').write(data)
            found(copy.verify())


# ---- The other commands ----

@test
def a_backup_made_while_people_write_holds_all_that_was_there_and_verifies():
    target = os.path.join(sen.folder, 'backup.tar')
    if STORE:
        r = sen.command('backup', '--to', target, check=False)
        check(r.returncode != 0 and 'PostgreSQL' in r.stdout and not os.path.exists(target), f'the database has its own means: {r.stdout}')
        return
    sen.start()
    citizens, filed, stop, errors = [Person(sen).sign_in('cong.dan') for _ in range(3)], [], threading.Event(), []

    def write(person):
        while not stop.is_set():
            try:
                filed.append((file_dossier(person, '2.000815'), time.time()))
            except Exception as e:
                errors.append(repr(e))
                return

    threads = [threading.Thread(target=write, args=(c,)) for c in citizens]
    for t in threads:
        t.start()
    time.sleep(0.7)
    began = time.time()
    r = sen.command('backup', '--to', target, check=False)
    time.sleep(0.3)
    stop.set()
    for t in threads:
        t.join()
    equal((r.returncode, errors), (0, []), r.stdout)
    sen.stop()
    restored = Sen.__new__(Sen)
    restored.folder, restored.data = sen.folder, os.path.join(sen.folder, 'restored')
    data, restored.settings = restored.data, ['--data', restored.data, '--rate-per-minute', '0']
    r = subprocess.run([SEN, 'restore', '--from', target, '--data', data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(r.returncode, 0, r.stdout)
    r = subprocess.run([SEN, 'verify', '--data', data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(r.returncode, 0, r.stdout)
    there = {r[0] for r in restored.sql("select id from prc_dossier where status <> 'draft'")}
    before = [key for key, at in filed if at < began]
    check(len(before) >= 3 and len(filed) > len(before), f'{len(before)} before, {len(filed)} in all')
    equal([k for k in before if k not in there], [], 'filed before the backup began and not in it')
    r = subprocess.run([SEN, 'restore', '--from', target, '--data', data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check(r.returncode == 1 and 'already' in r.stdout, 'never over a store that is there')
    restored.start()
    equal(Person(restored).sign_in('mot.cua').record(before[0])['status'], 'submitted')
    restored.stop()


@test
def a_store_that_is_older_is_migrated_only_when_told_to():
    fresh = tempfile.mkdtemp(dir=sen.folder)
    store = []
    if STORE:
        subprocess.run(['psql', STORE.replace('dbname=sen', 'dbname=postgres'), '-qc', 'drop database if exists fresh', '-c', 'create database fresh'], check=True, stderr=subprocess.DEVNULL)
        store = ['--store', STORE.replace('dbname=sen', 'dbname=fresh')]

    def run(*words):
        return subprocess.run([SEN, *words, '--data', fresh, *store], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    r = run('verify')
    check(r.returncode == 1 and 'sen migrate' in r.stdout, r.stdout)
    r = run('migrate')
    check(r.returncode == 0 and 'up to date' in r.stdout, r.stdout)
    equal(run('migrate').returncode, 0, 'twice is the same')
    r = run('verify')
    equal(r.returncode, 0, r.stdout)
    if STORE:
        subprocess.run(['psql', STORE.replace('dbname=sen', 'dbname=postgres'), '-qc', 'drop database fresh'], check=True)


@test
def init_again_changes_nothing():
    before = sen.sql('select count(*), max(id) from prc_dossier')
    sen.command('init')
    equal(sen.sql('select count(*), max(id) from prc_dossier'), before)


@test
def doctor_says_what_is_there_and_what_is_switched_off():
    r = sen.command('doctor', check=False)
    equal(r.returncode, 0, r.stdout)
    for word in ('SoftHSM', 'libmagic', 'clamd', 'present'):
        check(word in r.stdout, f'{word}: {r.stdout}')


@test
def an_account_from_the_shell_signs_in_does_its_work_and_is_locked():
    def user(*words, password=None):
        return subprocess.run([SEN, 'user', *words, *sen.settings], input=password and password + '\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    name = 'tiep.nhan.moi'
    check(user('add', name, '--name', 'Đỗ Văn Mới', '--org', 'ubnd-28261', password='ngan').returncode != 0, 'a short password')
    check(user('add', name, '--name', 'Đỗ Văn Mới', '--org', 'khong-co', password='mot-mat-khau-dai').returncode != 0, 'a body that is not there')
    equal(user('add', name, '--name', 'Đỗ Văn Mới', '--org', 'ubnd-28261', password='mot-mat-khau-dai').returncode, 0)
    check(user('add', name, '--name', 'Đỗ Văn Mới', '--org', 'ubnd-28261', password='mot-mat-khau-dai').returncode != 0, 'twice the same name')
    sen.start()
    equal(Person(sen).sign_in(name, 'mot-mat-khau-dai').get_json('/dossiers').status, 403, 'no role, no list')
    sen.stop()
    equal(user('grant', name, '--role', 'reception', '--org', 'ubnd-28261').returncode, 0)
    check(user('grant', name, '--role', 'vua', '--org', 'ubnd-28261').returncode != 0, 'a role that is not there')
    equal(user('password', name, password='mat-khau-thu-hai').returncode, 0)
    sen.start()
    check(Person(sen).sign_in(name, 'mat-khau-thu-hai').get_json('/dossiers').json['count'] > 10, 'the list of the body')
    p = Person(sen)
    equal(p.post('/sign-in', {'username': name, 'password': 'mot-mat-khau-dai'}, p.token('/sign-in')).status, 422, 'the old password')
    sen.stop()
    equal(user('lock', name).returncode, 0)
    sen.start()
    p = Person(sen)
    equal(p.post('/sign-in', {'username': name, 'password': 'mat-khau-thu-hai'}, p.token('/sign-in')).status, 422, 'locked')
    sen.stop()
    equal(user('unlock', name).returncode, 0)
    check(user('lock', 'khong.co.ai').returncode != 0, 'nobody of that name')


@test
def errors_in_the_settings_name_the_line_and_what_is_expected():
    folder = tempfile.mkdtemp(dir=sen.folder)
    path = os.path.join(folder, 'sen.conf')
    for text, words in (('# a comment\n\nlisten 127.0.0.1:1\n', (':3:', 'name = value')), ('listen = 127.0.0.1:1\nlistne = x\n', (':2:', 'listne')),
                        ('workers = many\n', (':1:', 'workers', 'whole number')), ('\n\n\nworkers = 99999\n', (':4:', '1024')), ('demo = perhaps\n', (':1:', 'true or false'))):
        open(path, 'w').write(text)
        r = subprocess.run([SEN, 'serve', '--data', folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
        equal(r.returncode, 2, r.stdout)
        for word in words:
            check(word in r.stdout, f'"{word}": {r.stdout}')
    os.unlink(path)
    for words, said in ((['--workers', 'x'], 'workers'), (['--listen'], 'needs a value'), (['--config', '/khong/co'], '/khong/co')):
        r = subprocess.run([SEN, 'serve', '--data', folder, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
        check(r.returncode == 2 and said in r.stdout, f'{words}: {r.returncode} {r.stdout}')
    r = subprocess.run([SEN, 'serve', '--data', folder], env={**os.environ, 'SEN_WORKERS': 'x'}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    check(r.returncode == 2 and 'SEN_WORKERS' in r.stdout, r.stdout)
    equal(subprocess.run([SEN], stderr=subprocess.DEVNULL).returncode, 2)


@test
def told_to_end_it_answers_what_is_in_flight_and_ends_in_order():
    sen.start()
    people, told, broken, filed = [Person(sen).sign_in('cong.dan') for _ in range(6)], [0.0], [], []

    def work(person):
        while True:
            began = time.time()
            try:
                a = person.post_json('/dossiers', {'procedure': '1.004222', 'request_id': str(uuid.uuid4()), 'org': 'ubnd-28261', 'form': RESIDENCE})
                if a.status == 201:
                    filed.append(a.json['id'])
                elif a.status != 503:
                    broken.append(f'{a.status} {a.text[:200]}')
            except (OSError, http.client.HTTPException) as e:
                if not told[0] or began < told[0] - 0.05:
                    broken.append(f'begun {told[0] - began:.3f} s before the end: {e!r}')
                return

    listener = Listener(people[0], '/stream?topics=me')
    threads = [threading.Thread(target=work, args=(p,)) for p in people]
    for t in threads:
        t.start()
    time.sleep(1)
    told[0] = time.time()
    status = sen.stop()
    took = time.time() - told[0]
    for t in threads:
        t.join()
    listener.join(5)
    equal((status, broken), (0, []))
    check(took < 10 and not listener.is_alive(), f'open streams do not hold it up: {took:.1f} s')
    check(len(filed) >= 6, f'{len(filed)} filed')
    keys = {r[0] for r in sen.sql('select id from prc_dossier')}
    equal([k for k in filed if k not in keys], [], 'answered and not there')
    equal(sen.command('verify', check=False).returncode, 0)


try:
    main()
finally:
    sen.close()
