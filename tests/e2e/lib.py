"""What the end-to-end tests stand on: a Sen in a folder of its own, people with cookies, TAP."""
import hashlib, html, http.client, json, os, random, re, shutil, signal, socket, subprocess, sys, tempfile, time, traceback, urllib.parse, uuid

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
SEN = os.environ.get('SEN_BINARY', os.path.join(ROOT, 'build', 'sen'))
PASSWORD = 'sen-demo-2026'
STORE = os.environ.get('SEN_TEST_STORE', '')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


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
        self.command('init')

    def psql(self, sql):
        return subprocess.run(['psql', STORE, '-qAt', '-c', sql], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout

    def command(self, name, *more, check=True):
        r = subprocess.run([SEN, name, *self.settings, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if check and r.returncode:
            raise AssertionError(f'sen {name} ended with {r.returncode}:\n{r.stdout[-3000:]}')
        return r

    def start(self):
        self.port = free_port()
        self.log = open(os.path.join(self.folder, 'log'), 'ab')
        self.process = subprocess.Popen([SEN, 'serve', *self.settings, '--listen', f'127.0.0.1:{self.port}'], stdout=self.log, stderr=self.log)
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
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=40)
        return self.process.returncode if self.process else 0

    def close(self):
        self.stop()
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
        found = re.search(r'name="_csrf" value="([^"]+)"', self.get(page).text)
        assert found, f'no CSRF token on {page}'
        self.csrf = html.unescape(found.group(1))
        return self.csrf

    def sign_in(self, username, password=PASSWORD):
        token = self.token('/sign-in')
        a = self.post('/sign-in', {'username': username, 'password': password}, token)
        assert a.status == 303, f'{username} could not sign in: {a.status} {a.text[:500]}'
        self.username = username
        self.token()
        return self

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
        raise AssertionError(f'{what}: got {got!r}, wanted {wanted!r}')


def main():
    failed = 0
    for number, function in enumerate(_tests, 1):
        name = function.__name__.replace('_', ' ')
        try:
            function()
            print(f'ok {number} - {name}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines():
                print('# ' + line)
            sys.stdout.flush()
    print(f'1..{len(_tests)}')
    sys.exit(bool(failed))
