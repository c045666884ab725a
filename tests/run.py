#!/usr/bin/env python3
"""Runs all tests and adds them up. Each step prints TAP or is one test itself; the last line is "N passed, N failed, N skipped".

    tests/run.py [--only WORD] [--soak]

Steps: layout and arrows · texts · unit tests with ASan+UBSan on SQLite and on PostgreSQL · unit tests of the threaded rooms with TSan · a build with Clang ·
fuzzers over their corpora · end-to-end over HTTP and in Chromium · kill -9 under load on both stores."""
import argparse, os, re, shutil, subprocess, sys, tempfile, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..'))
os.chdir(ROOT)
arguments = argparse.ArgumentParser()
arguments.add_argument('--only', default='', help='run only the steps whose name has this word')
arguments.add_argument('--soak', action='store_true', help='the long runs instead')
options = arguments.parse_args()

passed = failed = skipped = 0
failures, reasons = [], []
THREADED = ('store', 'store_writes', 'store_groups', 'net_server', 'net_stress', 'events', 'jobs', 'workflow', 'audit', 'identity')
SANITIZERS = {'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0', 'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
              'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1', 'LSAN_OPTIONS': f'suppressions={ROOT}/tests/lsan.supp:print_suppressions=0'}


def one(name, ok, output=''):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        failures.append(name)
        print(output[-6000:])
    print(f'{"ok    " if ok else "FAILED"} {name}', flush=True)


def run(command, env=None, timeout=1200):
    try:
        r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, env={**os.environ, **SANITIZERS, **(env or {})})
        return r.returncode, r.stdout.decode('utf-8', 'replace')
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b'').decode('utf-8', 'replace') + f'\n(stopped after {timeout} s)'


def tap(name, command, env=None, timeout=1200):
    """Counts every test of a program that speaks TAP (also node --test's nested form: its leaves)."""
    global passed, failed, skipped
    began = time.time()
    code, output = run(command, env, timeout)
    good = bad = left = 0
    for line in output.splitlines():
        m = re.match(r'^\s*(not ok|ok) \d+(?: - )?(.*)$', line)
        if not m:
            continue
        if re.search(r'# SKIP', line, re.I):
            left += 1
            reasons.append(f'{name}: {m.group(2).strip()}')
        elif m.group(1) == 'ok':
            good += 1
        else:
            bad += 1
            failures.append(f'{name}: {m.group(2).strip()}')
    if not good + bad + left or (code and not bad):
        bad += 1
        failures.append(f'{name}: ended with status {code}')
    passed, failed, skipped = passed + good, failed + bad, skipped + left
    if bad:
        print(output[-12000:])
    print(f'{"FAILED" if bad else "ok    "} {name}: {good} passed{f", {bad} failed" if bad else ""}{f", {left} skipped" if left else ""} ({time.time() - began:.0f} s)', flush=True)


def build(folder, *settings, target=None, env=None):
    if not os.path.exists(f'{folder}/build.ninja'):
        code, output = run(['meson', 'setup', folder, *settings], env)
        if code:
            one(f'build {folder}', False, output)
            return False
    code, output = run(['ninja', '-C', folder, *([target] if target else [])], env)
    if code or not target:
        one(f'build {folder}', code == 0, output)
    return code == 0


def unit_tests(folder, only=None):
    base = f'{folder}/src'
    tests = sorted(f for f in os.listdir(base) if f.startswith('test_') and os.access(f'{base}/{f}', os.X_OK) and os.path.isfile(f'{base}/{f}'))
    return [(t[5:], f'{base}/{t}') for t in tests if only is None or t[5:] in only]


class Postgres:
    """A throw-away cluster, with fsync on."""
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='sen-pg-')
        code, output = run(['tools/postgres.sh', 'start', self.folder])
        if code:
            raise SystemExit('PostgreSQL did not start:\n' + output)
        self.url = subprocess.check_output(['tools/postgres.sh', 'url', self.folder], text=True).strip()
        return self.url

    def __exit__(self, *_):
        run(['tools/postgres.sh', 'stop', self.folder])
        shutil.rmtree(self.folder, ignore_errors=True)


def step_house():
    files = subprocess.check_output(['git', 'ls-files', '*.c', '*.h'], text=True).split()
    code, output = run(['clang-format', '--dry-run', '-Werror', *files])
    one('every C file has the layout of .clang-format', code == 0, output)
    tap('arrows', ['python3', 'tests/check_includes.py'])
    tap('texts', ['python3', 'tests/check_texts.py'])


def step_unit():
    if build('build-asan', '-Db_sanitize=address,undefined', '-Db_lundef=false'):
        tap('public names', ['python3', 'tests/check_symbols.py', 'build-asan'])
        tap('unit base', ['build-asan/src/base/test_base'])
        for name, path in unit_tests('build-asan'):
            tap(f'unit {name}', [path])
        with Postgres() as url:
            for name, path in unit_tests('build-asan'):
                if uses_store(name):
                    tap(f'unit {name} (PostgreSQL)', [path], {'SEN_TEST_STORE': url})


def uses_store(name):
    code, output = run(['grep', '-rlE', 'test_store_open', 'src'])
    return any(f'/{name}/' in p or f'test_{name}.c' in p for p in output.split())


def step_threads():
    if build('build-tsan', '-Db_sanitize=thread', '-Db_lundef=false'):
        for name, path in unit_tests('build-tsan', THREADED):
            tap(f'threads {name} (TSan)', [path])


def step_clang():
    build('build-clang', env={'CC': 'clang'})


def step_fuzz():
    if os.path.exists('tests/fuzz/run.py'):
        tap('fuzzers', ['python3', 'tests/fuzz/run.py', '--seconds', '5'])


def scripts(folder, suffix):
    return sorted(f'{folder}/{f}' for f in os.listdir(folder) if f.startswith('test_') and f.endswith(suffix)) if os.path.isdir(folder) else []


def step_e2e():
    for path in scripts('tests/e2e', '.py'):
        tap(os.path.basename(path), ['python3', path], timeout=1500)
    with Postgres() as url:
        for path in scripts('tests/e2e', '.py'):
            if 'both stores' in open(path, encoding='utf-8').read(2000):
                tap(f'{os.path.basename(path)} (PostgreSQL)', ['python3', path], {'SEN_TEST_STORE': url}, timeout=1500)


def step_browser():
    if os.path.exists('tests/browser/package-lock.json'):
        code, output = run(['npm', 'ci', '--prefix', 'tests/browser', '--no-audit', '--no-fund'])
        if code:
            one('npm ci in tests/browser', False, output)
            return
        for path in scripts('tests/browser', '.mjs'):
            tap(os.path.basename(path), ['node', '--test', '--test-reporter=tap', path], timeout=1500)


def step_soak():
    for path in scripts('tests/soak', '.py'):
        tap(os.path.basename(path), ['python3', path], timeout=7200)


steps = [step_soak] if options.soak else [step_house, step_unit, step_threads, step_clang, step_fuzz, step_e2e, step_browser]
began = time.time()
for step in steps:
    if options.only in step.__name__:
        print(f'--- {step.__name__[5:]}', flush=True)
        step()
print(f'\n{time.time() - began:.0f} s')
for line in failures:
    print(f'failed: {line}')
for line in reasons:
    print(f'skipped: {line}')
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(bool(failed))
