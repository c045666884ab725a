#!/usr/bin/env python3
"""The walk: every route of the program, from `sen routes --json`, asked for by a stranger, a citizen and an official of another commune. Nobody gets in
where the table does not let them; nothing answers 500; every writing route refuses a request without the token of its session."""
import re, sys
from lib import *

sen = Sen(dossiers=300).start()
ROUTES = json.loads(sen.command('routes', '--json').stdout)
OPEN = ('public',)
# A route of one's own things (permission "signed-in") decides by record; what it may answer to somebody whose record it is not.
REFUSED = (401, 403, 404, 409, 422, 405)


def concrete(path):
    """Someone else's record where there is one, else a key that is nobody's."""
    if path.startswith('/dossiers/{id}'):
        path = path.replace('{id}', foreign_dossier, 1)
    return re.sub(r'\{[a-z_]+\*?\}', '1', path)


citizen, other, own = (Person(sen).sign_in(n) for n in ('cong.dan', 'mot.cua.2', 'mot.cua'))
mine = own.get_json('/dossiers?limit=1').json['items']
check(mine, 'the official of phường Mỹ Tho has dossiers')
foreign_dossier = mine[0]['id']


def ask(person, route, token=True):
    path = concrete(route['path'])
    if route['method'] == 'GET':
        return person.get(path, Accept='application/json')
    headers = {'Content-Type': 'application/json', 'Accept': 'application/json'}
    if token and person.csrf:
        headers['X-CSRF-Token'] = person.csrf
    return person.request(route['method'], path, '{}', headers)


@test
def every_route_names_a_permission_and_a_sentence():
    check(len(ROUTES) > 40, f'{len(ROUTES)} routes')
    for r in ROUTES:
        check(r['permission'] and r['summary'], r['path'])


@test
def a_stranger_is_refused_everywhere_but_where_it_is_public():
    for r in ROUTES:
        if r['permission'] in OPEN:
            continue
        a = ask(Person(sen), r)
        check(a.status in (401, 403), f'{r["method"]} {r["path"]}: {a.status}')


@test
def nothing_answers_500_to_anybody():
    for r in ROUTES:
        for who in (Person(sen), citizen, other):
            if r['path'] in ('/sign-out', '/account/sessions/{id}/sign-out') or r['path'].startswith('/account'):
                continue
            a = ask(who, r)
            check(a.status < 500, f'{r["method"]} {r["path"]}: {a.status} {a.body[:300]}')


@test
def a_citizen_is_refused_what_needs_a_permission_of_officials():
    held = set(citizen.get_json('/account').json.get('permissions', []))
    for r in ROUTES:
        if r['permission'] in OPEN + ('signed-in',) or r['permission'] in held:
            continue
        a = ask(citizen, r)
        check(a.status in (401, 403), f'{r["method"]} {r["path"]} ({r["permission"]}): {a.status}')


@test
def an_official_of_another_commune_cannot_read_or_touch_a_dossier():
    for r in ROUTES:
        if not r['path'].startswith('/dossiers/{id}'):
            continue
        a = ask(other, r)
        check(a.status in REFUSED, f'{r["method"]} {r["path"]}: {a.status}')
        if r['method'] == 'GET':
            check(a.status in (403, 404), f'{r["method"]} {r["path"]}: {a.status}')


@test
def a_citizen_cannot_read_the_dossier_of_another():
    a = citizen.get_json(f'/dossiers/{foreign_dossier}')
    check(a.status in (403, 404) or a.json.get('mine'), f'{a.status}')


@test
def a_writing_request_without_its_token_is_refused():
    for r in ROUTES:
        if r['method'] == 'GET' or r['permission'] in OPEN:
            continue
        a = ask(citizen, r, token=False)
        check(a.status in (401, 403), f'{r["method"]} {r["path"]}: {a.status}')


@test
def refusals_to_programs_are_problem_documents():
    a = Person(sen).get_json('/dossiers')
    equal(a.status, 401)
    equal(a.headers['Content-Type'].split(';')[0], 'application/problem+json')
    check(a.json['type'].startswith('urn:sen:problem:') and a.json['status'] == 401 and a.json['title'], a.text)


@test
def every_page_carries_the_strict_headers():
    a = Person(sen).get('/')
    csp = a.headers['Content-Security-Policy']
    check("script-src 'self'" in csp and "object-src 'none'" in csp and "frame-ancestors 'none'" in csp, csp)
    check("'unsafe-inline'" not in csp and "'unsafe-eval'" not in csp, csp)
    equal(a.headers['X-Content-Type-Options'], 'nosniff')


try:
    main()
finally:
    sen.close()
