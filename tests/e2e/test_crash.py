#!/usr/bin/env python3
"""kill -9 under load (both stores), 50 rounds: whatever was answered with success is there after the restart, and nothing is half done. SEN_CRASH_ROUNDS changes the
number. Each round: several citizens file dossiers and officials accept them, the program is killed at a random moment and started again."""
import threading
from lib import *

ROUNDS = int(os.environ.get('SEN_CRASH_ROUNDS', '50'))
CLIENTS = 6
random.seed(20261121)
sen = Sen(dossiers=200)
acknowledged, lock = {}, threading.Lock()
PDF = open(os.path.join(ROOT, 'tests', 'e2e', 'paper.pdf'), 'rb').read()


def file_one(person, number):
    request = str(uuid.uuid4())
    a = person.post_json('/procedures/2.000815/dossiers', {'request_id': request, 'org': 'ubnd-28261',
        'form': {'full_name': 'Nguyễn Thị Lan', 'document': f'Bằng tốt nghiệp {number}', 'copies': 2, 'pages': 3}})
    if a.status == 201:
        with lock:
            acknowledged[a.json['id']] = {'code': a.json['code'], 'status': 'cho_tiep_nhan', 'request': request}
        return a.json['id']
    check(a.status in (429, 503), f'filing answered {a.status}: {a.text[:500]}')


def accept_one(person, dossier):
    a = person.post_json(f'/dossiers/{dossier}/accept', {})
    if a.status == 200:
        with lock:
            acknowledged[dossier]['status'] = 'accepted'
    else:
        check(a.status in (409, 503), f'accepting answered {a.status}: {a.text[:500]}')


def work(citizen, officer, errors):
    number = 0
    try:
        while True:
            number += 1
            dossier = file_one(citizen, number)
            if dossier and number % 2:
                accept_one(officer, dossier)
    except (OSError, http.client.HTTPException, ValueError):
        pass  # killed
    except AssertionError as e:
        errors.append(str(e))


def survivors():
    """Everything acknowledged so far, as the restarted program tells it."""
    officer = Person(sen).sign_in('mot.cua')
    for key in list(acknowledged):
        a = officer.get_json(f'/dossiers/{key}')
        check(a.status == 200, f'dossier {key} was acknowledged and is gone ({a.status})')
        equal(a.json['code'], acknowledged[key]['code'], 'its code')
        if acknowledged[key]['status'] == 'accepted':
            check(a.json['status'] not in ('cho_tiep_nhan', 'nhap'), f'dossier {key} was accepted and is {a.json["status"]}')
            check(a.json['due_at'], f'dossier {key} was accepted and has no due date')


@test
def nothing_acknowledged_is_lost_and_nothing_is_half_done():
    sen.start()
    sessions = [(Person(sen).sign_in('cong.dan'), Person(sen).sign_in('mot.cua')) for _ in range(CLIENTS)]
    for n in range(ROUNDS):
        errors = []
        for pair in sessions:
            for person in pair:
                person.connection = None
        threads = [threading.Thread(target=work, args=(*pair, errors)) for pair in sessions]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.05, 0.6))
        sen.kill()
        for t in threads:
            t.join()
        check(not errors, '; '.join(errors))
        sen.start()
        survivors() if n % 10 == 9 or n == ROUNDS - 1 else None
    print(f'# {len(acknowledged)} dossiers acknowledged in {ROUNDS} rounds')
    check(len(acknowledged) >= ROUNDS, 'hardly anything was acknowledged')


@test
def codes_are_unique_and_the_chains_hold():
    codes = [v['code'] for v in acknowledged.values()]
    equal(len(codes), len(set(codes)), 'codes')
    sen.stop()
    r = sen.command('verify', check=False)
    check(r.returncode == 0, r.stdout[-2000:])


try:
    main()
finally:
    sen.close()
