#!/usr/bin/env python3
"""Measures Sen against the peer (bench/peer) on this machine and writes bench/results.md. Called by bench/run.sh, which has built what is needed.

Both get copies of one data folder: the demonstration province of 60,000 dossiers with people signed in. Every round of a measurement starts from a fresh copy; rounds of the
two alternate; what is reported is the median of the rounds. SEN_BENCH_ROUNDS and SEN_BENCH_SECONDS change their number and length."""
import base64, datetime, hashlib, hmac, html, http.client, json, os, platform, re, shutil, signal, socket, sqlite3, statistics, subprocess, sys, tempfile, time, urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
SEN = os.path.join(ROOT, 'build', 'sen')
ROUNDS, SECONDS = int(os.environ.get('SEN_BENCH_ROUNDS', '3')), float(os.environ.get('SEN_BENCH_SECONDS', '8'))
CLIENTS, PASSWORD, SLOW_US = 64, 'sen-demo-2026', 2000
WORK = tempfile.mkdtemp(prefix='sen-bench-', dir=os.environ.get('SEN_BENCH_FOLDER'))
FILING = {'procedure': '1.004222', 'request_id': '@', 'org': 'ubnd-28261', 'form': {
    'applicant': {'phone': '0912345678', 'address': 'Số 5 đường Lê Lợi, phường Mỹ Tho'},
    'mover': {'name': 'Nguyễn Thị Lan', 'birth_date': '1990-05-17', 'gender': 'nu', 'pid': '087190000021', 'new_address': 'Số 5 đường Lê Lợi, phường Mỹ Tho'},
    'household': {'head_name': 'Nguyễn Văn Tư', 'relation': 'Con'}, 'request': 'Đăng ký thường trú cùng cha'}}


def inside(name):
    return os.path.join(WORK, name)


def say(*words):
    print(*words, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


# ---- The two programs ----

class Program:
    def __init__(self, name, data, slow=False):
        self.name, self.data, self.port = name, data, free_port()
        self.env = dict(os.environ, NODE_ENV='production')
        if slow:
            self.env.update(LD_PRELOAD=inside('slow_fsync.so'), SLOW_FSYNC_US=str(SLOW_US))
        self.command = {'sen': [SEN, 'serve', '--demo', '--data', data, '--listen', f'127.0.0.1:{self.port}', '--rate-per-minute', '0', '--log-level', 'error'],
                        'peer': ['node', os.path.join(HERE, 'peer', 'server.mjs'), data, str(self.port)]}[name]

    def __enter__(self):
        self.log = open(inside(f'{self.name}.log'), 'ab')
        began = time.monotonic()
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, env=self.env)
        while True:
            try:
                if get(self.port, '/readyz')[0] == 200:
                    break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - began > 60:
                sys.exit(f'{self.name} did not become ready:\n' + open(self.log.name).read()[-3000:])
            time.sleep(0.005)
        self.ready_s = time.monotonic() - began
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.log.close()

    def resident_mb(self):
        return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{self.process.pid}/status').read()).group(1)) / 1024


def fresh_copy(name):
    data = inside(f'data-{name}')
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(inside('data'), data)
    return data


# ---- People ----

def get(port, path, headers={}):
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    c.request('GET', path, headers=headers)
    r = c.getresponse()
    return r.status, r.read().decode(), [v.split(';')[0] for v in r.headers.get_all('Set-Cookie') or []]


def sign_in(port, username):
    """The cookies and the CSRF token of somebody who has signed in."""
    _, page, cookies = get(port, '/sign-in', {'Accept': 'text/html'})
    token = html.unescape(re.search(r'name="_csrf" value="([^"]+)"', page).group(1))
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    c.request('POST', '/sign-in', urllib.parse.urlencode({'_csrf': token, 'username': username, 'password': PASSWORD}),
              {'Content-Type': 'application/x-www-form-urlencoded', 'Cookie': '; '.join(cookies), 'Accept': 'text/html'})
    r = c.getresponse()
    r.read()
    cookie = next(v.split(';')[0] for v in r.headers.get_all('Set-Cookie') if v.startswith('sen_session='))
    _, page, _ = get(port, '/account', {'Cookie': cookie, 'Accept': 'text/html'})
    return cookie, html.unescape(re.search(r'name="_csrf" value="([^"]+)"', page).group(1))


def write_status_paths(data):
    key = open(f'{data}/keys/check-word.key', 'rb').read()
    db = sqlite3.connect(f'file:{data}/sen.db?mode=ro', uri=True)
    codes = [row[0] for row in db.execute('select code from prc_dossier where code is not null order by (id / 1000 * 7919) % 100003 limit 1000')]
    db.close()
    words = (base64.b32encode(hmac.new(key, code.encode(), hashlib.sha256).digest()[:5]).decode() for code in codes)
    with open(inside('paths'), 'w') as f:
        f.writelines(f'/status?code={code}&k={word}\n' for code, word in zip(codes, words))


def prepare():
    """The data folder that all rounds are copied from."""
    data = inside('data')
    began = time.monotonic()
    subprocess.run([SEN, 'init', '--demo', '--data', data], check=True, stdout=subprocess.DEVNULL)
    load_s = time.monotonic() - began
    with Program('sen', data) as sen:
        official = sign_in(sen.port, 'mot.cua')
        with open(inside('sessions'), 'w') as f:
            for _ in range(4):
                f.write(' '.join(sign_in(sen.port, 'cong.dan') + sign_in(sen.port, 'mot.cua')) + '\n')
        leader = sign_in(sen.port, 'giam.doc')
    with open(inside('filing'), 'w') as f:
        json.dump(FILING, f, ensure_ascii=False)
    write_status_paths(data)
    return load_s, official[0], leader[0]


# ---- The same work? ----

def table_sizes(data):
    db = sqlite3.connect(f'file:{data}/sen.db?mode=ro', uri=True)
    names = [row[0] for row in db.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'search_index%'")]
    sizes = {name: db.execute(f'select count(*) from {name}').fetchone()[0] for name in names if not name.startswith(('job', 'iam_'))}
    db.close()
    return sizes


def rows_added(name):
    """How many rows of each table one dossier, filed and accepted, leaves."""
    with Program(name, fresh_copy(name)) as program:
        before = table_sizes(program.data)
        citizen_cookie, citizen_csrf, cookie, csrf = open(inside('sessions')).readline().split(' ')
        c = http.client.HTTPConnection('127.0.0.1', program.port, timeout=30)
        def post(path, cookie, csrf, value):
            c.request('POST', path, json.dumps(value), {'Content-Type': 'application/json', 'Accept': 'application/json', 'Cookie': cookie, 'X-CSRF-Token': csrf.strip()})
            r = c.getresponse()
            answer = r.read()
            if r.status not in (200, 201):
                sys.exit(f'{name}: POST {path} answered {r.status}: {answer[:1000]}')
            return json.loads(answer)
        dossier = post('/dossiers', citizen_cookie, citizen_csrf, {**FILING, 'request_id': 'one'})
        post(f'/dossiers/{dossier["id"]}/accept', cookie, csrf, {})
        after = table_sizes(program.data)
    return {table: after[table] - before[table] for table in after if after[table] != before[table]}


def check_same_work():
    sen, peer = rows_added('sen'), rows_added('peer')
    if sen != peer:
        sys.exit(f'the two do not write the same rows:\n  sen  {sen}\n  peer {peer}')
    say('Both write', ', '.join(f'{n} {table}' for table, n in sorted(sen.items())))
    return sum(sen.values())


# ---- Measurements ----

def rounds(measure, slow=False):
    """Runs `measure` in turn on both; the rounds of each."""
    found = {'sen': [], 'peer': []}
    for n in range(ROUNDS):
        for name in found:
            with Program(name, fresh_copy(name), slow) as program:
                one = measure(program)
            one['load'] = os.getloadavg()[0]
            found[name].append(one)
            say(f'  round {n + 1}, {name}: {one["per_s"]:,.0f} requests/s, p99 {one["p99_ms"]:.1f} ms')
    return found


def create_and_accept(program):
    r = subprocess.run([inside('load'), '127.0.0.1', str(program.port), str(CLIENTS), str(SECONDS), inside('sessions'), inside('filing')], stdout=subprocess.PIPE, text=True)
    answer = json.loads(r.stdout)
    if answer['errors']:
        sys.exit(f'{program.name}: {answer["errors"]} requests failed')
    if program.name == 'sen':
        answer['resident_mb'] = program.resident_mb()
    return {**answer, **answer['all']}


def status_page(program):
    r = subprocess.run(['wrk', '-t1', f'-c{CLIENTS}', f'-d{SECONDS:.0f}s', '-s', os.path.join(HERE, 'status.lua'), f'http://127.0.0.1:{program.port}'],
                       stdout=subprocess.PIPE, text=True, env=dict(os.environ, SEN_BENCH_PATHS=inside('paths')))
    answer = json.loads(r.stdout.splitlines()[-1])
    if answer['errors']:
        sys.exit(f'{program.name}: {answer["errors"]} requests failed')
    return answer


def latency(port, cookie, paths, count=300):
    """p50 and p95 of one person's pages after each other, in ms."""
    c, times = http.client.HTTPConnection('127.0.0.1', port, timeout=30), []
    for n in range(count):
        began = time.monotonic()
        c.request('GET', paths[n % len(paths)], headers={'Cookie': cookie, 'Accept': 'text/html'})
        r = c.getresponse()
        r.read()
        times.append((time.monotonic() - began) * 1000)
        if r.status != 200:
            sys.exit(f'{paths[n % len(paths)]} answered {r.status}')
    times.sort()
    return times[len(times) // 2], times[int(len(times) * .95)]


def fsync_ms():
    path, times = inside('flush'), []
    with open(path, 'wb') as f:
        for _ in range(200):
            f.write(b'x' * 16384)
            f.flush()
            began = time.monotonic()
            os.fdatasync(f.fileno())
            times.append((time.monotonic() - began) * 1000)
    os.unlink(path)
    return statistics.median(times)


def median(found, name, key):
    return statistics.median(one[key] for one in found[name])


# ---- The report ----

def version(command):
    out = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return out.splitlines()[0].strip() if out else '?'


def peer_version(package):
    return json.load(open(os.path.join(HERE, 'peer', 'node_modules', package, 'package.json')))['version']


def machine():
    cpu = re.search(r'model name\s*:\s*(.*)', open('/proc/cpuinfo').read())
    memory = int(re.search(r'MemTotal:\s+(\d+)', open('/proc/meminfo').read()).group(1)) / 1048576
    return f'{os.cpu_count()} processors ({cpu.group(1) if cpu else platform.machine()}), {memory:.0f} GB, Linux {platform.release().split("-")[0]}'


def compared(title, found):
    lines = []
    sen, peer = (median(found, n, 'per_s') for n in ('sen', 'peer'))
    lines.append(f'| {title}, requests/s | {sen:,.0f} | {peer:,.0f} | {sen / peer:.1f} × |')
    sen, peer = (median(found, n, 'p99_ms') for n in ('sen', 'peer'))
    lines.append(f'| {title}, p99 | {sen:,.1f} ms | {peer:,.1f} ms | {sen / peer:.2f} |')
    return lines


def all_rounds(title, found):
    return [f'- {title}: ' + '; '.join(name + ' ' + ', '.join(f'{one["per_s"]:,.0f} ({one["p99_ms"]:.0f} ms, load {one["load"]:.1f})' for one in found[name]) for name in ('sen', 'peer'))]


def write_report(r):
    sqlite = sqlite3.sqlite_version
    lines = ['# Measured', '', 'Written by `make bench`; bench/README.md says what is compared and how.', '',
             f'- Date: {datetime.date.today().isoformat()}. Machine: {machine()}; the load generator runs on the same processors.',
             f'- Flush (fdatasync of 16 KB) here: {r["fsync"][0]:.2f} ms at the beginning, {r["fsync"][1]:.2f} ms at the end (medians of 200).',
             f'- Load average at the beginning: {r["load"]:.1f}. {ROUNDS} rounds of {SECONDS:.0f} s for each figure, alternating; medians.',
             f'- Sen: SQLite {sqlite}, {version("gcc --version")}, release build. Peer: Node.js {version("node --version")}, Fastify {peer_version("fastify")}, '
             f'better-sqlite3 {peer_version("better-sqlite3")}, Mustache {peer_version("mustache")}. {version("wrk -v | cut -d[ -f1").strip()}.',
             f'- A dossier filed and accepted leaves {r["rows"]} rows more with either.', '',
             '| At 64 clients, 60,000 dossiers | Sen | Peer | Ratio |', '| --- | ---: | ---: | ---: |',
             *compared('Create and accept, this disk', r['disk']), *compared(f'Create and accept, a flush of at least {SLOW_US / 1000:.0f} ms', r['slow']),
             *compared('Public status page (HTML)', r['status']), '',
             '| Sen alone | Measured | Aim |', '| --- | ---: | ---: |',
             f'| Start to ready, 60,000 dossiers | {r["ready"]:.2f} s | < 1 s |',
             f'| Resident memory after the load | {median(r["disk"], "sen", "resident_mb"):.0f} MB | < 150 MB |',
             f'| Loading the demonstration province (60,000 dossiers) | {r["load_s"]:.1f} s | < 20 s |',
             *[f'| {title}, p50 / p95 | {p50:.1f} / {p95:.1f} ms | |' for title, (p50, p95) in r['pages'].items()], '',
             'All rounds, requests/s (p99, load average of the machine at the end of the round):', '',
             *all_rounds('create and accept, this disk', r['disk']), *all_rounds('create and accept, slow flush', r['slow']), *all_rounds('status page', r['status']), '']
    text = '\n'.join(lines)
    with open(os.path.join(HERE, 'results.md'), 'w') as f:
        f.write(text)
    say('\n' + text)


def build():
    for out, flags in (('load', []), ('slow_fsync.so', ['-shared', '-fPIC'])):
        source = os.path.join(HERE, out.split('.')[0] + '.c')
        subprocess.run(['cc', '-O2', '-std=gnu17', '-Wall', '-Wextra', '-Werror', *flags, source, '-o', inside(out), '-ldl'], check=True)


def main():
    r = {'load': os.getloadavg()[0], 'fsync': [fsync_ms()]}
    build()
    say('Loading the demonstration province …')
    r['load_s'], official, director = prepare()
    r['rows'] = check_same_work()
    ready = []
    for _ in range(5):
        with Program('sen', inside('data')) as sen:
            ready.append(sen.ready_s)
    r['ready'] = statistics.median(ready)
    with Program('sen', inside('data')) as sen:
        searches = [f'/dossiers?q={urllib.parse.quote(q)}' for q in ('nguyen thi', 'Trần Văn', 'thuong tru', 'khai sinh', 'H20', 'lê minh')]
        r['pages'] = {'Full-text search in the work list, one commune': latency(sen.port, official, searches), 'Full-text search, the whole province': latency(sen.port, director, searches),
                      'Work list, one commune': latency(sen.port, official, ['/dossiers']), 'Work list, the whole province': latency(sen.port, director, ['/dossiers'])}
    say('The public status page')
    r['status'] = rounds(status_page)
    say('Create and accept, this disk')
    r['disk'] = rounds(create_and_accept)
    say(f'Create and accept, a flush takes {SLOW_US / 1000:.0f} ms')
    r['slow'] = rounds(create_and_accept, slow=True)
    r['fsync'].append(fsync_ms())
    write_report(r)


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
