"""What the end-to-end tests stand on: a Sen in a folder of its own, people with cookies, the forms of a page, a calendar of our own to check theirs, TAP."""
import atexit, csv, datetime, hashlib, html, html.parser, http.client, json, os, random, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time, traceback, urllib.parse, uuid

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
SEN = os.environ.get('SEN_BINARY', os.path.join(ROOT, 'build', 'sen'))
PASSWORD = 'sen-demo-2026'
STORE = os.environ.get('SEN_TEST_STORE', '')
PAPER = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'paper.pdf'), 'rb').read()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


_running = set()  # those that should be alive


class Sen:
    """A running program. With SEN_TEST_STORE its data are in that PostgreSQL, emptied first; else in an SQLite file."""

    def __init__(self, demo=True, dossiers=2000, folder=None, settings=()):
        self.folder = folder or tempfile.mkdtemp(prefix='sen-e2e-')
        self.data = os.path.join(self.folder, 'data')
        self.settings = ['--data', self.data, '--rate-per-minute', '0', *settings]
        if STORE:
            self.settings += ['--store', STORE]
            self.psql('drop schema public cascade; create schema public')
        if demo:
            self.settings += ['--demo', '--demo-dossiers', str(dossiers)]
        self.process = None
        atexit.register(self.close)
        self.command('init')

    def psql(self, sql):
        return subprocess.run(['psql', STORE, '-qAt', '-c', sql], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout

    def command(self, name, *more, check=True):
        r = subprocess.run([SEN, name, *self.settings, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if check and r.returncode:
            raise AssertionError(f'sen {name} ended with {r.returncode}:\n{r.stdout[-3000:]}')
        return r

    def sql(self, sql):
        """Asks the store behind the program's back; rows as lists of text. In a process of its own: one that has an SQLite file open and copies it loses its locks on it."""
        rows = self.psql(sql) if STORE else subprocess.run(['sqlite3', os.path.join(self.data, 'sen.db'), sql], check=True, stdout=subprocess.PIPE, text=True).stdout
        return [line.split('|') for line in rows.splitlines()]

    def start(self, limits=None):
        self.stop()  # one that a failed test has left running
        self.port = free_port()
        self.log = open(os.path.join(self.folder, 'log'), 'ab')
        under = os.environ.get('SEN_UNDER', '').split()  # a debugger, valgrind …
        self.process = subprocess.Popen([*under, SEN, 'serve', *self.settings, '--listen', f'127.0.0.1:{self.port}'], stdout=self.log, stderr=self.log, preexec_fn=limits)
        _running.add(self)
        deadline = time.time() + 60
        while time.time() < deadline:
            try:
                if Person(self).get('/readyz').status == 200:
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError('sen did not become ready:\n' + open(self.log.name).read()[-3000:])

    def kill(self):
        _running.discard(self)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def tail(self):
        return open(os.path.join(self.folder, 'log'), errors='replace').read()[-3000:]

    def stop(self):
        _running.discard(self)
        if getattr(self, 'process', None) and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=40)
        return self.process.returncode if getattr(self, 'process', None) else 0

    def close(self):
        self.stop()
        if not os.environ.get('SEN_KEEP'):  # to look at what is left
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()


class Answer:
    def __init__(self, r):
        self.status, self.headers, self.body = r.status, r.headers, r.read()

    @property
    def text(self):
        return self.body.decode('utf-8')

    @property
    def json(self):
        return json.loads(self.body)


class Person:
    """Somebody with a browser (cookies, forms) or a program (JSON)."""

    def __init__(self, sen):
        self.sen, self.cookies, self.connection, self.csrf = sen, {}, None, None

    def request(self, method, path, body=None, headers=None):
        if not self.connection:
            self.connection = http.client.HTTPConnection('127.0.0.1', self.sen.port, timeout=30)
        h = {'Accept': 'text/html', **(headers or {})}
        if self.cookies:
            h['Cookie'] = '; '.join(f'{k}={v}' for k, v in self.cookies.items())
        try:
            self.connection.request(method, path, body=body, headers=h)
            answer = Answer(self.connection.getresponse())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        for line in answer.headers.get_all('Set-Cookie') or []:
            name, _, value = line.split(';')[0].partition('=')
            self.cookies[name] = value
        return answer

    def get(self, path, **headers):
        return self.request('GET', path, headers=headers)

    def get_json(self, path):
        return self.request('GET', path, headers={'Accept': 'application/json'})

    def token(self, page='/account'):
        self.csrf = self.get_json(page).json['csrf']
        return self.csrf

    def sign_in(self, username, password=PASSWORD):
        token = self.token('/sign-in')
        a = self.post('/sign-in', {'username': username, 'password': password}, token)
        assert a.status == 303, f'{username} could not sign in: {a.status} {a.text[:500]}'
        self.username = username
        self.token()
        return self

    # ---- as with a browser: the forms of a page ----

    def open(self, path):
        """The page at the end of its redirections."""
        a = self.get(path)
        for _ in range(5):
            if a.status not in (302, 303):
                return a
            path = a.headers['Location']
            a = self.get(path)
        raise AssertionError(f'{path} redirects without end')

    def send(self, form, values=None, files=None, button=None):
        """Sends a form of a page with what it holds already, what is typed and the button pressed; the page that follows."""
        fields = {**form.values, **(values or {}), **({button[0]: button[1]} if button else {})}
        unknown = (set(values or {}) | set(files or {})) - form.names
        check(not unknown, f'the form {form.action} has no field {unknown}')
        if form.multipart:
            a = self.upload(form.action, fields, files or {})
        else:
            a = self.post(form.action, fields, fields.get('_csrf'))
        return self.open(a.headers['Location']) if a.status == 303 else a

    # ---- as with a program ----

    def act(self, dossier, act, **fields):
        return self.post_json(f'/dossiers/{dossier}/{act}', fields)

    def record(self, dossier):
        a = self.get_json(f'/dossiers/{dossier}')
        check(a.status == 200, f'dossier {dossier}: {a.status} {a.text[:300]}')
        return a.json

    def post(self, path, fields=None, csrf=None):
        body = urllib.parse.urlencode({'_csrf': csrf or self.csrf or '', **(fields or {})}, doseq=True)
        return self.request('POST', path, body, {'Content-Type': 'application/x-www-form-urlencoded'})

    def post_json(self, path, value):
        return self.request('POST', path, json.dumps(value), {'Content-Type': 'application/json', 'Accept': 'application/json', 'X-CSRF-Token': self.csrf or ''})

    def upload(self, path, fields, files, accept='text/html'):
        """files: {field: (file name, type, bytes)}"""
        mark = uuid.uuid4().hex
        parts = []
        for k, v in {'_csrf': self.csrf or '', **fields}.items():
            parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode())
        for k, (name, kind, data) in files.items():
            parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{k}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + data + b'\r\n')
        parts.append(f'--{mark}--\r\n'.encode())
        return self.request('POST', path, b''.join(parts), {'Content-Type': f'multipart/form-data; boundary={mark}', 'Accept': accept})


class Form:
    def __init__(self, attributes):
        self.action, self.id = attributes.get('action', ''), attributes.get('id')
        self.multipart = attributes.get('enctype') == 'multipart/form-data'
        self.values, self.names, self.labels = {}, set(), {}


class Forms(html.parser.HTMLParser):
    """The forms of a page as a browser without JavaScript would send them."""

    def __init__(self, page):
        super().__init__()
        self.all, self.form, self.select, self.area = [], None, None, None
        self.feed(page)

    def handle_starttag(self, tag, pairs):
        at = dict(pairs)
        if tag == 'form':
            self.form = Form(at)
            self.all.append(self.form)
        if not self.form:
            return
        name, kind = at.get('name'), at.get('type', 'text')
        if name and tag in ('input', 'select', 'textarea', 'button'):
            self.form.names.add(name)
        if tag == 'input' and name and kind not in ('file', 'submit'):
            if kind not in ('checkbox', 'radio') or 'checked' in at:
                self.form.values[name] = at.get('value', 'on' if kind in ('checkbox', 'radio') else '')
        elif tag == 'select':
            self.select = name
        elif tag == 'option' and self.select and 'selected' in at:
            self.form.values[self.select] = at.get('value', '')
        elif tag == 'textarea':
            self.area = name
            self.form.values[name] = ''

    def handle_endtag(self, tag):
        if tag == 'form':
            self.form = None
        elif tag == 'select':
            self.select = None
        elif tag == 'textarea':
            self.area = None

    def handle_data(self, data):
        if self.area:
            self.form.values[self.area] += data


def form_of(answer, ending):
    """The form of a page by its id or by the end of the path that it is sent to."""
    check(answer.status in (200, 422), f'no page: {answer.status} {answer.text[:500]}')
    for form in Forms(answer.text).all:
        if form.id == ending or form.action.split('?')[0].endswith(ending):
            return form
    raise AssertionError(f'no form {ending} on the page: {answer.text[:3000]}')


# ---- Filing in a program's way, for tests whose matter is what comes after ----

COPY_OF_PAPERS = {'applicant': {'phone': '0901234567', 'address': 'Số 5 đường Lê Lợi, phường Mỹ Tho'}, 'document': 'Bằng tốt nghiệp đại học', 'pages': 5, 'copies': 3}
RESIDENCE = {'applicant': {'phone': '0901234567', 'address': 'Số 5 đường Lê Lợi, phường Mỹ Tho'},
             'mover': {'name': 'Nguyễn Thị Lan', 'birth_date': '1990-05-17', 'gender': 'nu', 'pid': '087190000021', 'new_address': 'Số 5 đường Lê Lợi, phường Mỹ Tho'},
             'household': {'head_name': 'Nguyễn Văn Tư', 'relation': 'Con'}, 'request': 'Đăng ký thường trú cùng cha'}
DETAILS = {'2.000815': COPY_OF_PAPERS, '1.004222': RESIDENCE}
_bodies = {}


def body_id(person, commune):
    """The key of a commune's committee, by the code of the commune."""
    if commune not in _bodies:
        _bodies[commune] = person.get_json(f'/organisations/ubnd-{commune}').json['id']
    return _bodies[commune]


def draft(person, procedure='1.004222', commune='28261', **changes):
    a = person.post_json(f'/procedures/{procedure}/apply', {**DETAILS[procedure], 'org_id': body_id(person, commune), **changes})
    check(a.status == 200, f'the draft was refused: {a.status} {a.text[:1000]}')
    return a.json['draft']


def wanted_papers(person, procedure, number):
    model = person.get_json(f'/procedures/{procedure}/apply?draft={number}&step=papers').json
    return [p for g in model['groups'] for p in g['papers'] if not p['form']]


def add_papers(person, procedure, number):
    papers = [p for p in wanted_papers(person, procedure, number) if p['required']]
    files = {f'paper_{p["id"]}': ('giay-to.pdf', 'application/pdf', PAPER) for p in papers}
    a = person.upload(f'/procedures/{procedure}/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number}, files, 'application/json')
    check(a.status == 200, f'the papers were refused: {a.status} {a.text[:1000]}')


def submit(person, procedure, number, request=None):
    return person.post_json(f'/procedures/{procedure}/apply?draft={number}&step=review', {'step': 'review', 'draft': number, 'request_id': request or str(uuid.uuid4())})


def file_dossier(person, procedure='1.004222', commune='28261', **changes):
    """A submitted dossier's key."""
    number = draft(person, procedure, commune, **changes)
    add_papers(person, procedure, number)
    a = submit(person, procedure, number)
    check(a.status in (200, 201), f'the submission was refused: {a.status} {a.text[:1000]}')
    return a.json['id']


# ---- The calendar, computed here from the same public table: what theirs is compared with ----

DAY_MS, ZONE_MS = 86400000, 7 * 3600000
EPOCH = datetime.date(1970, 1, 1)


def _exceptions():
    with open(os.path.join(ROOT, 'data', 'public-holidays.csv'), encoding='utf-8') as table:
        return {row[0]: row[1] for row in csv.reader(line for line in table if line[0] not in '#d')}


EXCEPTIONS = _exceptions()


def local_day(ms):
    return (ms + ZONE_MS) // DAY_MS


def closing(day):
    """17:30 of a day."""
    return day * DAY_MS - ZONE_MS + (17 * 60 + 30) * 60000


def works(day):
    date = EPOCH + datetime.timedelta(days=day)
    kind = EXCEPTIONS.get(date.isoformat())
    return kind == 'work' if kind else date.weekday() < 5


def nth_working_day(after, n):
    """The closing time of the n-th working day after the day of a moment (spec 03 §7.1, by_days)."""
    day = local_day(after)
    while n:
        day += 1
        n -= works(day)
    return closing(day)


def due_after_pause(accepted, days, asked, answered):
    """A pause keeps what was left when it began: the working days after acceptance that had not closed yet are counted anew from its end."""
    used = sum(works(day) for day in range(local_day(accepted) + 1, local_day(asked) + 1) if closing(day) <= asked)
    left = days - used
    return nth_working_day(answered, left) if left else closing(local_day(answered))


def same_day(accepted):
    """Accepted until 15:00:00: closing time today, later: of the next working day."""
    day = local_day(accepted)
    early = (accepted + ZONE_MS) % DAY_MS <= 15 * 3600000
    return closing(day) if works(day) and early else nth_working_day(accepted, 1)


# ---- Streams of events ----

class Listener(threading.Thread):
    """Somebody's open page: what is told to it, as (kind, data)."""

    def __init__(self, person, path):
        super().__init__(daemon=True)
        self.heard, self.changed = [], threading.Condition()
        self.connection = http.client.HTTPConnection('127.0.0.1', person.sen.port, timeout=30)
        self.connection.request('GET', path, headers={'Accept': 'text/event-stream', 'Cookie': '; '.join(f'{k}={v}' for k, v in person.cookies.items())})
        self.response = self.connection.getresponse()
        equal(self.response.status, 200, path)
        equal(self.response.headers['Content-Type'].split(';')[0], 'text/event-stream')
        self.start()

    def run(self):
        kind = data = None
        try:
            for line in self.response:
                line = line.decode().rstrip('\n')
                if line.startswith('event:'):
                    kind = line[6:].strip()
                elif line.startswith('data:'):
                    data = line[5:].strip()
                elif not line and data is not None:
                    with self.changed:
                        self.heard.append((kind, data))
                        self.changed.notify_all()
                    kind = data = None
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass

    def wait(self, wanted, seconds=10):
        """The first told thing of which wanted(kind, data as JSON) is true."""
        deadline = time.time() + seconds
        with self.changed:
            while True:
                for kind, data in self.heard:
                    if wanted(kind, json.loads(data) if data[:1] in '{[' else data):
                        return kind, data
                if time.time() > deadline:
                    raise AssertionError(f'not told in {seconds} s; heard {self.heard}')
                self.changed.wait(0.2)


# ---- TAP ----

_tests = []


def test(function):
    _tests.append(function)
    return function


def check(ok, what=''):
    if not ok:
        raise AssertionError(what)


def equal(got, wanted, what=''):
    if got != wanted:
        raise AssertionError(f'{what}: got {repr(got)[:1500]}, wanted {repr(wanted)[:1500]}')


def main():
    failed = 0
    for number, function in enumerate(_tests, 1):
        name = function.__name__.replace('_', ' ')
        try:
            function()
            print(f'ok {number} - {name}', flush=True)
        except Exception as e:
            failed += 1
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines() if not isinstance(e, AssertionError) else [str(e), *(f'  {f.filename.rsplit("/")[-1]}:{f.lineno} {f.line}' for f in traceback.extract_tb(e.__traceback__)[1:])]:
                print('# ' + line)
            sys.stdout.flush()
            for sen in _running:
                time.sleep(0.2)
                if sen.process.poll() is not None or sen.tail().rfind('server.stopping') > sen.tail().rfind('server.ready'):
                    print(f'Bail out! sen ended with {sen.process.returncode}\n' + re.sub('^', '# ', sen.tail(), flags=re.M))
                    sys.exit(1)
    print(f'1..{len(_tests)}')
    sys.exit(bool(failed))
