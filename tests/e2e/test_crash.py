#!/usr/bin/env python3
"""kill -9 under load, both stores, 50 rounds (SEN_CRASH_ROUNDS): whatever was answered with success is there after the restart, whole; what was not answered is there whole or
not at all. Each round several citizens file dossiers, send papers, and officials accept, the program is killed at a random moment and started again. Then the full disk:
503 with a problem document, nothing lost, and on it goes when there is room."""
import resource
from lib import *

ROUNDS = int(os.environ.get('SEN_CRASH_ROUNDS', '50'))
CLIENTS = 6
random.seed(20261121)
sen = Sen(dossiers=200)
acknowledged, asked, lock = {}, set(), threading.Lock()
papers = {}  # draft → digest of the paper that was acknowledged
PERSONAL = []


def file_one(person):
    """Files one dossier; its key when it was acknowledged."""
    request = str(uuid.uuid4())
    with lock:
        asked.add(request)
    a = person.post_json('/dossiers', {'procedure': '1.004222', 'request_id': request, 'org': 'ubnd-28261', 'form': RESIDENCE})
    if a.status == 201:
        with lock:
            acknowledged[a.json['id']] = {'code': a.json['code'], 'status': 'submitted', 'request': request}
        return a.json['id']
    check(a.status == 503, f'filing answered {a.status}: {a.text[:500]}')


def accept_one(person, dossier):
    a = person.act(dossier, 'accept')
    if a.status == 200:
        with lock:
            acknowledged[dossier]['status'] = 'in_progress'
    else:
        check(a.status == 503, f'accepting answered {a.status}: {a.text[:500]}')


def send_paper(person, number, paper):
    data = PAPER + f'\n% {uuid.uuid4()}\n'.encode()
    a = person.upload(f'/procedures/2.000815/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number}, {f'paper_{paper}': ('a.pdf', 'application/pdf', data)}, 'application/json')
    if a.status == 200:
        with lock:
            papers.setdefault(number, []).append(hashlib.sha256(data).hexdigest())
    else:
        check(a.status == 503, f'a paper was answered {a.status}: {a.text[:500]}')


def work(citizen, officer, number, paper, errors):
    turn = 0
    try:
        while True:
            turn += 1
            dossier = file_one(citizen)
            if dossier and turn % 2:
                accept_one(officer, dossier)
            if turn % 3 == 0:
                send_paper(citizen, number, paper)
            time.sleep(0.01)  # so that a fast machine does not spend the test counting what it filed
    except (OSError, http.client.HTTPException, ValueError):
        pass  # killed
    except AssertionError as e:
        errors.append(str(e))


# What a dossier consists of, by its state: events of its chain, fees, open tasks at the desk and of the specialist, running processes, rows of the audit trail,
# events for others.
WHOLE = {'submitted': [1, 1, 1, 0, 0, 1, 1], 'in_progress': [3, 1, 0, 1, 1, 3, 3]}
PARTS = """select d.id, d.code, d.request_id, d.status,
 (select count(*) from prc_dossier_event e where e.dossier_id = d.id and e.seq <= d.event_seq),
 (select count(*) from prc_fee_item f where f.dossier_id = d.id),
 (select count(*) from task t where t.subject_id = d.id and t.element_id = 'receive' and t.state in ('created', 'claimed')),
 (select count(*) from task t where t.subject_id = d.id and t.element_id = 'examine' and t.state in ('created', 'claimed')),
 (select count(*) from wf_instance i where i.subject_id = d.id and i.state = 'active'),
 (select count(*) from audit a where a.object = 'dossier:' || d.id and a.action in ('procedures.submit', 'procedures.accept', 'procedures.hand_over')),
 coalesce(v.told, 0)
 from prc_dossier d
 left join (select subject_id, count(*) as told from event where topic like 'procedures.dossier.%' group by subject_id) v on v.subject_id = d.id where d.request_id is not null"""


def survivors():
    """Everything in the store, as it is now, against what was acknowledged."""
    there, codes, requests = {}, set(), set()
    for key, code, request, status, *parts in sen.sql(PARTS):
        check(request in asked, f'dossier {key} was never asked for')
        equal([int(p) for p in parts], WHOLE.get(status), f'dossier {key} is {status}')
        check(code not in codes and request not in requests, f'{code} or its request is there twice')
        codes.add(code), requests.add(request)
        there[key] = (code, status)
    for key, dossier in acknowledged.items():
        check(key in there, f'dossier {key} was acknowledged and is gone')
        equal(there[key][0], dossier['code'], 'its code')
        check(dossier['status'] in ('submitted', there[key][1]), f'dossier {key} was accepted and is {there[key][1]}')
    kept = {}
    for number, sha in sen.sql('select dossier_id, sha256 from prc_dossier_component where sha256 is not null'):
        kept.setdefault(number, set()).add(sha)
    for number, shas in papers.items():
        equal([s for s in shas if s not in kept.get(number, ())], [], f'papers of draft {number} that were acknowledged and are gone')
    return there


@test
def nothing_acknowledged_is_lost_and_nothing_is_half_done():
    sen.start()
    sessions = []
    for n in range(CLIENTS):
        citizen, officer = Person(sen).sign_in('cong.dan'), Person(sen).sign_in('mot.cua')
        number = draft(citizen, '2.000815')
        paper = next(p['id'] for p in wanted_papers(citizen, '2.000815', number) if p['required'])
        sessions.append((citizen, officer, number, paper))
    for n in range(ROUNDS):
        errors = []
        for citizen, officer, *_ in sessions:
            citizen.connection = officer.connection = None
        threads = [threading.Thread(target=work, args=(*session, errors)) for session in sessions]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.05, 0.6))
        sen.kill()
        for t in threads:
            t.join()
        check(not errors, '; '.join(errors[:3]))
        sen.start()
        if n % 5 == 4 or n == ROUNDS - 1:
            survivors()
    PERSONAL[:] = sessions
    there = survivors()
    print(f'# {len(acknowledged)} dossiers and {sum(map(len, papers.values()))} papers acknowledged in {ROUNDS} rounds, {len(there) - len(acknowledged)} more were written and not heard of')
    check(len(acknowledged) >= ROUNDS and len(papers) >= 1, 'hardly anything was acknowledged')


@test
def a_request_that_was_not_heard_of_may_be_sent_again_and_is_done_once():
    citizen = PERSONAL[0][0]
    citizen.connection = None
    unheard = sorted(asked - {d['request'] for d in acknowledged.values()})[:20]
    before = {r[2]: r[0] for r in sen.sql(PARTS)}
    owner = {r[0]: r[1] for r in sen.sql('select request_id, applicant_account_id from prc_dossier where request_id is not null')}
    for request in unheard:
        a = citizen.post_json('/dossiers', {'procedure': '1.004222', 'request_id': request, 'org': 'ubnd-28261', 'form': RESIDENCE})
        equal(a.status, 200 if request in before else 201, 'the same again, or done now')
        if request in before:
            equal(a.json['id'], before[request])
        acknowledged[a.json['id']] = {'code': a.json['code'], 'status': 'submitted', 'request': request}
    check(unheard, 'every request was answered in all rounds')
    equal(len(set(owner.values())), 1)
    survivors()


@test
def codes_are_unique_sessions_live_on_and_the_chains_hold():
    codes = [v['code'] for v in acknowledged.values()]
    equal(len(codes), len(set(codes)), 'codes')
    PERSONAL[0][1].connection = None
    equal(PERSONAL[0][1].get_json('/dossiers').status, 200, 'who was signed in still is')
    equal(sen.stop(), 0)
    r = sen.command('verify', check=False)
    check(r.returncode == 0, r.stdout[-2000:])


# ---- The full disk ----

def send_to_draft(person, data):
    """To the draft of the first rounds: what is refused here is the paper, not the draft."""
    number, paper = PERSONAL[0][2:]
    return person.upload(f'/procedures/2.000815/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number}, {f'paper_{paper}': ('a.pdf', 'application/pdf', data)}, 'application/json')


def large():
    """A paper that is like no other: the same bytes would be stored once."""
    return PAPER + os.urandom(300 << 10)


def fill_up(person, enough, paper_of=None):
    """Files (or sends papers) until it is refused; the refusals."""
    refused = []
    for _ in range(3000):
        if paper_of:
            a, good = send_to_draft(person, paper_of()), 200
        else:
            request = str(uuid.uuid4())
            asked.add(request)
            a = person.post_json('/dossiers', {'procedure': '1.004222', 'request_id': request, 'org': 'ubnd-28261', 'form': RESIDENCE})
            good = 201
            if a.status == 201:
                acknowledged[a.json['id']] = {'code': a.json['code'], 'status': 'submitted', 'request': request}
        if a.status != good:
            refused.append(a)
            if len(refused) == enough:
                return refused
    raise AssertionError('it was never refused')


def refusals_are_proper(refused):
    for a in refused:
        equal((a.status, a.headers['Content-Type'].split(';')[0]), (503, 'application/problem+json'), a.text[:300])
        check(a.json['type'].startswith('urn:sen:problem:http.') and a.json['detail'], a.text)


def after_the_flood(person):
    """With room again: it goes on without a restart, and everything acknowledged is there."""
    request = str(uuid.uuid4())
    asked.add(request)
    deadline = time.time() + 10
    while True:
        a = person.post_json('/dossiers', {'procedure': '1.004222', 'request_id': request, 'org': 'ubnd-28261', 'form': RESIDENCE})
        if a.status in (200, 201):
            break
        check(time.time() < deadline, f'still refused: {a.status} {a.text[:300]}')
        time.sleep(0.1)
    acknowledged[a.json['id']] = {'code': a.json['code'], 'status': 'submitted', 'request': request}
    equal(person.get_json('/dossiers').status, 200)
    survivors()
    equal(sen.stop(), 0)
    r = sen.command('verify', check=False)
    check(r.returncode == 0, r.stdout[-2000:])


def allow(size):
    """How large a file the running program may write; None: as large as it likes."""
    resource.prlimit(sen.process.pid, resource.RLIMIT_FSIZE, (size or resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@test
def files_that_may_not_grow_are_503_and_nothing_is_lost():
    """On SQLite the database's log and the papers, on PostgreSQL (whose disk is its own) the papers."""
    sen.start()
    citizen = Person(sen).sign_in('cong.dan')
    key = next(iter(acknowledged))
    if STORE:
        allow(64 << 10)
        refusals_are_proper(fill_up(citizen, 3, large))
        equal(send_to_draft(citizen, PAPER).status, 200, 'what fits is taken')
    else:
        allow(200 << 10)
        refusals_are_proper(fill_up(citizen, 5))
        check(citizen.get(f'/dossiers/{key}').status in (200, 503), 'reading does not break')
        equal(Person(sen).get('/procedures').status, 200, 'what needs no writing is answered')
    equal(Person(sen).get('/healthz').status, 200)
    allow(None)
    after_the_flood(citizen)


@test
def a_full_disk_is_503_and_nothing_is_lost():
    """A small file system of its own; only where one may be mounted."""
    if STORE:
        return
    small = os.path.join(sen.folder, 'small')
    os.mkdir(small)
    used = sum(-os.path.getsize(os.path.join(f, n)) // 4096 * -4096 for f, _, names in os.walk(sen.data) for n in names)  # whole pages
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={used + (5 << 20)}', 'none', small], stderr=subprocess.DEVNULL).returncode:
        print('# no right to mount: left out')
        return
    roomy = sen.data
    try:
        shutil.copytree(sen.data, small, dirs_exist_ok=True, ignore=lambda folder, names: [n for n in names if n.startswith('upload-')])  # left by kill -9; a job removes them when they are old
        sen.data = small
        sen.settings[sen.settings.index('--data') + 1] = small
        sen.start()
        citizen = Person(sen).sign_in('cong.dan')
        ballast = os.path.join(small, 'ballast')
        open(ballast, 'wb').write(bytes(2 << 20))
        refusals_are_proper(fill_up(citizen, 5, large))
        with open(ballast, 'ab', buffering=0) as f:  # the last bytes, too
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        refusals_are_proper(fill_up(citizen, 5))
        equal(Person(sen).get('/procedures').status, 200, 'reading goes on')
        equal(os.listdir(os.path.join(small, 'tmp')), [], 'what was half received is gone')
        os.unlink(ballast)
        after_the_flood(citizen)
        sen.start()
        equal(Person(sen).sign_in('cong.dan').get_json('/dossiers').status, 200, 'and it starts again')
        sen.stop()
    finally:
        if sen.process.poll() is None:
            sen.kill()
        subprocess.run(['umount', small])
        sen.data = roomy
        sen.settings[sen.settings.index('--data') + 1] = roomy


try:
    main()
finally:
    sen.close()
