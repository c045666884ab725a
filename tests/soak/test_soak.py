#!/usr/bin/env python3
"""The long run of `make soak`: half an hour (SEN_SOAK_MINUTES) of people at work, with restarts, orderly and by kill -9. Citizens file by programs and by the forms of the pages,
desks accept, ask and refuse, specialists draft, leaders sign, clerks issue, strangers search and look up states, pages stay open on streams. Memory and open files
must stay bounded, answers quick and right, the chains whole. With SEN_TEST_STORE on PostgreSQL, else on SQLite. Not part of `make test`."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from lib import *

MINUTES = float(os.environ.get('SEN_SOAK_MINUTES', '30'))
RESTART_EVERY_S = max(20.0, MINUTES * 60 / 8)
MEMORY_MB = 512         # at no time more of its own than this
GROWTH = 1.35           # last quarter of the longest life against its second quarter
random.seed(20261121)
sen = Sen(dossiers=2000)
DRAFT = {'kind': 'positive', 'result_title': 'Thông báo kết quả', 'conclusion': 'Hồ sơ đủ điều kiện giải quyết theo quy định.'}
GROUND = 'Điều 20 Luật Cư trú 68/2020/QH14'
lock, counts, times, errors, acknowledged = threading.Lock(), {}, {}, [], {}
down, over = threading.Event(), threading.Event()
queues = {'accept': [], 'examine': [], 'sign': [], 'issue': [], 'supplement': []}


class Down(Exception):
    """The program is being started again."""


def timed(name, wanted, call):
    began = time.time()
    try:
        a = call()
    except (OSError, http.client.HTTPException):
        if down.is_set() or over.is_set() or began < timed.up_at:
            raise Down()
        raise
    with lock:
        counts[name] = counts.get(name, 0) + 1
        times.setdefault(name, []).append(time.time() - began)
    if a.status not in wanted:
        if down.is_set() and a.status == 503:
            raise Down()
        raise AssertionError(f'{name}: {a.status} {a.text[:300]}')
    return a


timed.up_at = 0


def put(step, key):
    with lock:
        queues[step].append(key)


def take(step):
    with lock:
        return queues[step].pop(random.randrange(len(queues[step]))) if queues[step] else None


def citizen(person):
    key = take('supplement')
    if key:
        a = timed('supplement', (200, 409), lambda: person.upload(f'/dossiers/{key}/supplement', {}, {'item_0': ('a.pdf', 'application/pdf', PAPER)}, 'application/json'))
        if a.status == 200:
            put('examine', key)
        return
    chance = random.random()
    if chance < 0.5:
        a = timed('file', (201,), lambda: person.post_json('/dossiers', {'procedure': '1.004222', 'request_id': str(uuid.uuid4()), 'org': 'ubnd-28261', 'form': RESIDENCE}))
        key = a.json['id']
    elif chance < 0.7:
        number = timed('draft', (200,), lambda: person.post_json('/procedures/2.000815/apply', {**COPY_OF_PAPERS, 'org_id': body_id(person, '28261')})).json['draft']
        data = PAPER + os.urandom(random.choice((100, 20000, 200000)))
        paper = citizen.paper
        timed('paper', (200,), lambda: person.upload(f'/procedures/2.000815/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number}, {f'paper_{paper}': ('a.pdf', 'application/pdf', data)}, 'application/json'))
        key = timed('submit', (201,), lambda: submit(person, '2.000815', number)).json['id']
    else:
        for path in ('/dossiers', '/notifications', '/procedures?q=dang+ky', '/account', '/'):
            timed('page', (200,), lambda: person.get(path))
        return
    with lock:
        acknowledged[key] = 'submitted'
    put('accept', key)


def desk(person):
    key = take('accept')
    if not key:
        timed('list', (200,), lambda: person.get('/dossiers?sort=-submitted_at'))
        time.sleep(0.05)
        return
    timed('record', (200,), lambda: person.get(f'/dossiers/{key}'))
    if random.random() < 0.1:
        timed('refuse', (200,), lambda: person.act(key, 'refuse', ground=GROUND))
        return
    timed('accept', (200,), lambda: person.act(key, 'accept'))
    with lock:
        acknowledged[key] = 'accepted'
    timed('receipt', (200,), lambda: person.get(f'/dossiers/{key}/forms/01.pdf'))
    put('examine', key)


def specialist(person):
    key = take('examine')
    if not key:
        time.sleep(0.1)
    elif random.random() < 0.15:
        a = timed('ask', (200, 409), lambda: person.act(key, 'request-supplement', items=['Hợp đồng'], ground=GROUND))
        put('supplement' if a.status == 200 else 'examine', key)
    elif timed('examine', (200, 409), lambda: person.act(key, 'examine', **DRAFT)).status == 200:
        put('sign', key)


def leader(person):
    key = take('sign')
    if not key:
        timed('steering', (200,), lambda: person.get('/steering'))
        time.sleep(0.2)
    elif timed('sign', (200,), lambda: person.act(key, 'sign')).status == 200:
        put('issue', key)


def clerk(person):
    key = take('issue')
    if not key:
        time.sleep(0.2)
        return
    timed('issue', (200,), lambda: person.act(key, 'issue'))
    with lock:
        acknowledged[key] = 'issued'


def stranger(person):
    for path in ('/', '/procedures?q=khai+sinh', '/procedures/1.001193', '/board', '/calendar', '/organisations?q=my+tho', '/status?code=H20.26-20260101-0000001&k=AAAAAAAA'):
        timed('public', (200, 404), lambda: person.get(path))
    try:
        connection = http.client.HTTPConnection('127.0.0.1', sen.port, timeout=3)
        connection.request('POST', '/sign-in', b'x' * random.randrange(5000), {'Content-Type': random.choice(('application/json', 'text/csv', 'multipart/form-data; boundary=x'))})
        if random.random() < 0.5:
            connection.getresponse().read()
        connection.close()  # some leave in the middle
    except (OSError, http.client.HTTPException):
        pass


def listener(person):
    """A page that stays open a while."""
    topic = '/stream?topics=dossiers,me'
    try:
        page = Listener(person, topic)
        time.sleep(random.uniform(0.5, 3))
        page.connection.sock and page.connection.sock.shutdown(socket.SHUT_RDWR)
        page.join(2)
    except (OSError, http.client.HTTPException, AssertionError):
        time.sleep(0.2)


def work(role, username):
    person = None
    while not over.is_set():
        if down.is_set():
            time.sleep(0.05)
            person = None if not person else person
            if person:
                person.connection = None
            continue
        try:
            if not person:
                person = Person(sen) if not username else Person(sen).sign_in(username)
            role(person)
        except Down:
            person and setattr(person, 'connection', None)
            time.sleep(0.05)
        except Exception as e:
            if down.is_set() or over.is_set():
                continue
            with lock:
                errors.append(f'{role.__name__}: {e!r}'[:500])
            if len(errors) > 20:
                over.set()


PEOPLE = [(citizen, 'cong.dan'), (citizen, 'cong.dan'), (citizen, 'cong.dan'), (desk, 'mot.cua'), (desk, 'mot.cua'), (specialist, 'chuyen.vien'), (specialist, 'chuyen.vien'),
          (leader, 'lanh.dao'), (clerk, 'van.thu'), (stranger, None), (stranger, None), (listener, 'mot.cua'), (listener, 'chuyen.vien')]


def resident_mb():
    """Its own memory; pages of the database that are mapped are the system's to take back."""
    with open(f'/proc/{sen.process.pid}/status') as f:
        return int(next(line for line in f if line.startswith('RssAnon')).split()[1]) / 1024


def open_files():
    return len(os.listdir(f'/proc/{sen.process.pid}/fd'))


lives = []  # for each life: [(seconds since start, MB, open files)]


def live(seconds):
    life, began = [], time.time()
    lives.append(life)
    while time.time() - began < seconds and not over.is_set():
        life.append((time.time() - began, resident_mb(), open_files()))
        time.sleep(1)


@test
def half_an_hour_of_work_with_restarts_makes_no_error():
    sen.start()
    probe = Person(sen).sign_in('cong.dan')
    citizen.paper = next(p['id'] for p in wanted_papers(probe, '2.000815', draft(probe, '2.000815')) if p['required'])
    body_id(probe, '28261')
    threads = [threading.Thread(target=work, args=who) for who in PEOPLE]
    for t in threads:
        t.start()
    end, turn = time.time() + MINUTES * 60, 0
    long_life = MINUTES * 60 / 2
    live(long_life)  # one long life, to watch its memory; then shorter ones
    while time.time() < end and not over.is_set():
        down.set()
        if turn % 2:
            sen.kill()
        else:
            equal(sen.stop(), 0, 'an orderly end')
        sen.start()
        timed.up_at = time.time()
        down.clear()
        turn += 1
        live(min(RESTART_EVERY_S, end - time.time()))
    over.set()
    for t in threads:
        t.join(60)
    print(f'# {sum(counts.values())} requests, {len(acknowledged)} dossiers, {turn} restarts')
    for name, count in sorted(counts.items()):
        t = sorted(times[name])
        print(f'#   {name:<11} {count:>7}   median {t[len(t) // 2] * 1000:7.1f} ms   p99 {t[int(len(t) * 0.99)] * 1000:8.1f} ms')
    equal(errors, [], 'errors')
    check(counts.get('issue', 0) > 0 and counts.get('file', 0) > 10, counts)


@test
def memory_and_open_files_stay_bounded():
    life = max(lives, key=len)
    most = max(mb for one in lives for _, mb, _ in one)
    quarter = len(life) // 4
    def middle(part, column):
        values = sorted(row[column] for row in part)
        return values[len(values) // 2]
    second, last = life[quarter:2 * quarter], life[3 * quarter:]
    print(f'# at most {most:.0f} MB; in the longest life {middle(second, 1):.0f} MB in its second quarter, {middle(last, 1):.0f} MB in its last; open files {middle(second, 2)} and {middle(last, 2)}')
    check(most < MEMORY_MB, f'{most:.0f} MB')
    check(middle(last, 1) < middle(second, 1) * GROWTH + 8, f'memory grows: {[round(mb) for _, mb, _ in life[::max(1, len(life) // 40)]]}')
    check(middle(last, 2) < middle(second, 2) + 40, f'open files grow: {[n for _, _, n in life[::max(1, len(life) // 40)]]}')


@test
def nothing_acknowledged_is_lost_and_the_chains_hold():
    there = dict(sen.sql('select id, status from prc_dossier'))
    for key, state in acknowledged.items():
        check(key in there, f'dossier {key} was acknowledged and is gone')
        check(there[key] != 'draft' and (state == 'submitted' or there[key] != 'submitted') and (state != 'issued' or there[key] == 'returned'), f'dossier {key} was {state} and is {there[key]}')
    equal(sen.stop(), 0)
    r = sen.command('verify', check=False)
    equal(r.returncode, 0, r.stdout[-2000:])


try:
    main()
finally:
    over.set()
    sen.close()
