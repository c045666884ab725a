#!/usr/bin/env python3
"""Both languages are complete: every key of a room's vi.json stands in its en.json and the other way round, with the same {placeholders}; no
Vietnamese letters in English values but names; every key that a template or a C file names exists."""
import glob, json, os, re, sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
os.chdir(root)
number, failed, known = 0, 0, set()


def check(name, complaints):
    global number, failed
    number += 1
    failed += bool(complaints)
    print(('not ok' if complaints else 'ok') + f' {number} - {name}')
    for c in complaints:
        print('# ' + c)


def forms(value):
    return list(value.values()) if isinstance(value, dict) else [value]


def placeholders(value):
    return set(re.findall(r'\{([a-z_0-9]+)\}', ' '.join(forms(value))))


folders = sorted(os.path.dirname(p) for p in glob.glob('src/**/i18n/vi.json', recursive=True) + glob.glob('web/i18n/vi.json'))
for folder in folders:
    vi, en = (json.load(open(f'{folder}/{lang}.json', encoding='utf-8')) for lang in ('vi', 'en'))
    known |= set(vi)
    complaints = [f'{k} is missing in English' for k in vi if k not in en] + [f'{k} is missing in Vietnamese' for k in en if k not in vi]
    for k in set(vi) & set(en):
        if placeholders(vi[k]) != placeholders(en[k]):
            complaints.append(f'{k}: placeholders differ: {sorted(placeholders(vi[k]))} and {sorted(placeholders(en[k]))}')
        if any(not v.strip() for v in forms(vi[k]) + forms(en[k])):
            complaints.append(f'{k} is empty')
    check(f'{folder} says everything in both languages', complaints)

complaints = []
for path in glob.glob('src/**/views/*.html', recursive=True) + glob.glob('web/views/**/*.html', recursive=True):
    with open(path, encoding='utf-8') as f:
        for key in re.findall(r'\{\{t:([a-z][\w.-]*)', re.sub(r'\{\{!.*?\}\}', '', f.read(), flags=re.S)):
            if key not in known:
                complaints.append(f'{path}: {key}')
check('every text that a template names exists', complaints)

complaints = []
for path in glob.glob('src/**/*.c', recursive=True):
    if '/tests/' in path:
        continue
    with open(path, encoding='utf-8') as f:
        code, key = f.read(), r'"([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)"'
        named = re.findall(r'(?:problem|not_found|forbidden|conflict|text_in)\([^;"]*' + key, code) + re.findall(r'invalid\([^;"]*"[^"]*",\s*' + key, code)
        complaints += [f'{path}: {k}' for k in named if k not in known]
check('every text that the program names exists', complaints)
print(f'1..{number}')
sys.exit(bool(failed))
