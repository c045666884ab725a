#!/usr/bin/env python3
"""Builds every tests/fuzz/fuzz_*.c with clang's libFuzzer, ASan and UBSan, and runs each over its corpus. Every file below tests/fuzz/corpus/NAME/ is a seed; a crash
leaves crash-* behind and fails.

    tests/fuzz/run.py --seconds 10 [--only NAME]"""
import argparse, glob, os, re, subprocess, sys, tempfile, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
os.chdir(ROOT)
arguments = argparse.ArgumentParser()
arguments.add_argument('--seconds', type=int, default=60, help='for each fuzzer')
arguments.add_argument('--only', default='')
options = arguments.parse_args()
os.environ.update(CC='clang', ASAN_OPTIONS='detect_leaks=1', UBSAN_OPTIONS='halt_on_error=1')


def build():
    if not os.path.exists('build-fuzz/build.ninja'):
        subprocess.run(['meson', 'setup', 'build-fuzz', '-Db_sanitize=address,undefined', '-Db_lundef=false', '-Dfuzz=true'], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', 'build-fuzz', '--quiet', 'fuzzers'], check=True)


def fuzz(path):
    name = os.path.basename(path)
    seeds = f'tests/fuzz/corpus/{name[5:]}'
    with tempfile.TemporaryDirectory() as found:
        folders = [found] + ([seeds] if os.path.isdir(seeds) else [])
        began = time.time()
        r = subprocess.run([path, f'-max_total_time={options.seconds}', '-rss_limit_mb=1024', '-timeout=10', '-max_len=65536', '-print_final_stats=1', *folders],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    runs = re.search(r'stat::number_of_executed_units:\s*(\d+)', r.stdout)
    return r.returncode == 0, f'{runs.group(1) if runs else "?"} inputs in {time.time() - began:.0f} s', r.stdout[-3000:]


build()
failed = 0
fuzzers = sorted(p for p in glob.glob('build-fuzz/tests/fuzz/fuzz_*') if os.access(p, os.X_OK) and os.path.isfile(p) and options.only in p)
for number, path in enumerate(fuzzers, 1):
    ok, what, output = fuzz(path)
    failed += not ok
    print(('ok' if ok else 'not ok') + f' {number} - {os.path.basename(path)} finds nothing ({what})', flush=True)
    if not ok:
        for line in output.splitlines():
            print('# ' + line)
print(f'1..{len(fuzzers)}')
sys.exit(bool(failed) or not fuzzers)
