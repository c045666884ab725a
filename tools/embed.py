#!/usr/bin/env python3
"""Puts every file that the program ships into the program: templates, texts, migrations, processes, forms, reference data, the built web
files. Writes an assembler file that includes the bytes and a C table of names, sizes and digests, sorted by name (app/assets.c searches it).

    embed.py SOURCE_ROOT OUT.S OUT.c

Files below web/dist/ also get a hash in a second name, so that browsers may keep them for ever; .gz and .br neighbours are their encodings."""
import hashlib, os, re, sys

root, out_s, out_c = sys.argv[1:4]
KEEP = re.compile(r'(^src/.+/(views|i18n|schema|processes|forms|decisions|demo|data)/[^/]+$)|(^data/.+)|(^web/(views|i18n)/.+)|(^web/dist/.+)')

names = []
for top in ('src', 'data', 'web/views', 'web/i18n', 'web/dist'):
    for folder, folders, files in os.walk(os.path.join(root, top)):
        folders[:] = sorted(f for f in folders if f not in ('node_modules', 'tests'))
        for f in files:
            name = os.path.relpath(os.path.join(folder, f), root)
            if KEEP.match(name) and not f.startswith('.') and not f.endswith(('.c', '.h', '~')):
                names.append(name)
names.sort(key=lambda n: n.encode())

asm = ['.section .rodata']
table = ['/* Written by tools/embed.py. */', '#include "platform/app/assets.h"', '']
rows = []
for i, name in enumerate(names):
    path = os.path.join(root, name)
    with open(path, 'rb') as f:
        data = f.read()
    digest = hashlib.sha256(data).hexdigest()
    asm += [f'/* {digest} */', '.balign 16', f'.globl asset_{i}', f'asset_{i}:', f'.incbin "{os.path.abspath(path)}"', '.byte 0']
    table.append(f'extern const unsigned char asset_{i}[];')
    rows.append(f'    {{ "{name}", asset_{i}, {len(data)}, "{digest[:16]}" }},')
asm.append('.section .note.GNU-stack,"",@progbits')
table += ['', 'const Asset assets[] = {'] + rows + ['    { 0 }', '};', f'const size_t asset_count = {len(names)};', '']


def write(path, text):
    try:
        with open(path) as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, 'w') as f:
        f.write(text)


write(out_s, '\n'.join(asm) + '\n')
write(out_c, '\n'.join(table))
