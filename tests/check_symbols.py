#!/usr/bin/env python3
"""No two rooms have a public function or variable of the same name: with static libraries the linker would take whichever it meets first and say nothing."""
import collections, glob, subprocess, sys

build = sys.argv[1]
where = collections.defaultdict(set)
for library in [f'{build}/src/base/libbase.a'] + [f'{build}/src/lib{n}.a' for n in ('store', 'net', 'platform', 'solutions')]:
    for line in subprocess.check_output(['nm', '--defined-only', '-A', '-g', library], text=True, stderr=subprocess.DEVNULL).splitlines():
        place, rest = line.rsplit(':', 1)
        kind, name = rest.split()[-2:]
        if kind in 'TDBR' and not name.startswith(('__', 'asan.')):
            where[name].add(place)
double = {n: p for n, p in where.items() if len(p) > 1}
print(('not ok' if double else 'ok') + f' 1 - each of {len(where)} public names stands in one room')
for name, places in sorted(double.items()):
    print(f'# {name}: {", ".join(sorted(places))}')
print('1..1')
sys.exit(bool(double))
