#!/usr/bin/env python3
"""The arrows of the house: solutions → platform → store, net → base. No solution includes another; store and net do not know each other."""
import os, re, sys

RANK = {'base': 0, 'store': 1, 'net': 1, 'platform': 2, 'solutions': 3, 'cli': 4}
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'src')
wrong, count = [], 0
for folder, _, files in os.walk(root):
    for f in files:
        if not f.endswith(('.c', '.h')):
            continue
        path = os.path.relpath(os.path.join(folder, f), root)
        here = path.split(os.sep)
        if here[0] not in RANK:
            continue
        with open(os.path.join(folder, f), encoding='utf-8') as text:
            for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text.read(), re.M):
                count += 1
                there = name.split('/')
                if len(there) == 1 and os.path.exists(os.path.join(folder, name)) and 'tests' in here:
                    continue  # a fixture beside its test
                if there[0] not in RANK:
                    wrong.append(f'{path}: "{name}" is not named from src/')
                elif RANK[there[0]] > RANK[here[0]]:
                    wrong.append(f'{path} includes {name}: the arrow runs backwards')
                elif {there[0], here[0]} == {'store', 'net'}:
                    wrong.append(f'{path} includes {name}: store and net do not know each other')
                elif here[0] == there[0] == 'solutions' and here[1] != there[1]:
                    wrong.append(f'{path} includes {name}: no solution includes another')
print('ok 1 - arrows between rooms point one way' if not wrong else 'not ok 1 - arrows between rooms point one way')
for line in wrong:
    print('# ' + line)
print(f'# {count} includes read')
print('1..1')
sys.exit(bool(wrong))
