#!/usr/bin/env python3
"""The walk, both stores: every route of the program, from `sen routes --json`, asked for by a stranger, a citizen, an official of another commune and the right role.
Nobody gets in where the table does not let them, whoever it lets in sees a whole page in both languages; nothing answers 500; every writing route refuses a
request without the token of its session."""
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
    path = path.replace('/procedures/{code}', '/procedures/1.004222').replace('/language/{lang}', '/language/vi').replace('/processes/{key}', '/processes/procedures-single-agency')
    return re.sub(r'\{[a-z_]+\*?\}', '1', path)


NAMES = ('cong.dan', 'mot.cua.2', 'mot.cua', 'chuyen.vien', 'lanh.dao', 'van.thu', 'giam.doc', 'quan.tri', 'kiem.toan')
people = {n: Person(sen).sign_in(n) for n in NAMES}
citizen, other, own = (people[n] for n in NAMES[:3])
# Who of the demonstration's people holds a permission, as its room gives it to roles.
HOLDERS = {
    'tasks.work': 'mot.cua.2 mot.cua chuyen.vien lanh.dao van.thu giam.doc',
    'procedures.read': 'mot.cua.2 mot.cua chuyen.vien lanh.dao van.thu giam.doc kiem.toan',
    'procedures.accept': 'mot.cua.2 mot.cua', 'procedures.examine': 'chuyen.vien', 'procedures.sign': 'lanh.dao', 'procedures.issue': 'van.thu',
    'procedures.steer': 'lanh.dao giam.doc',
    'identity.users': 'quan.tri', 'identity.lock': 'quan.tri', 'platform.operate': 'quan.tri', 'audit.read': 'kiem.toan',
    'workflow.read': 'lanh.dao giam.doc quan.tri kiem.toan', 'workflow.operate': 'quan.tri', 'signatures.manage': 'quan.tri',
}
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
        for who in (Person(sen), *people.values()):
            if r['path'] == '/sign-out' or r['path'].endswith('/stream') and r['method'] == 'GET':
                continue
            if r['method'] != 'GET' and r['path'].startswith('/dossiers/{id}') and who is not other and who is not citizen:
                continue  # those may do it; the main way shows that they can
            a = ask(who, r)
            check(a.status < 500, f'{r["method"]} {r["path"]}: {a.status} {a.body[:300]}')


@test
def only_who_holds_the_permission_gets_in():
    named = {r['permission'] for r in ROUTES} - {'public', 'signed-in', 'signatures.read'}
    equal(named - set(HOLDERS), set(), 'permissions that this test does not know')
    for r in ROUTES:
        if r['permission'] not in HOLDERS or (r['method'] != 'GET' and r['path'].startswith('/dossiers/{id}')):
            continue
        for name, person in people.items():
            if name in HOLDERS[r['permission']].split():
                continue
            a = ask(person, r)
            equal(a.status, 403, f'{r["method"]} {r["path"]} ({r["permission"]}) for {name}')


@test
def whoever_holds_it_sees_a_whole_page_in_both_languages_and_a_program_gets_json():
    keys = re.compile(r'>\s*((?:procedures|identity|tasks|workflow|audit|view|lists|notify|jobs|events|signatures|calendar|forms|files|http|check)\.[a-z_.-]+[a-z0-9])\s*<')
    pages = 0
    for r in ROUTES:
        if r['method'] != 'GET' or r['path'].endswith('/stream') or re.search(r'\{(id|form|file_id|token)\}', r['path'].replace('/dossiers/{id}', '', 1)):
            continue
        names = {'public': NAMES[:1] + NAMES[2:3], 'signed-in': NAMES[:1] if '/apply' in r['path'] else NAMES[2:3]}.get(r['permission']) or HOLDERS.get(r['permission'], 'quan.tri').split()
        for name in names:
            if name == 'mot.cua.2' or (r['path'].startswith('/dossiers/{id}') and name != 'mot.cua'):
                continue
            for lang in ('vi', 'en'):
                people[name].cookies['lang'] = lang
                a = people[name].get(concrete(r['path']))
                if a.status in (303, 410, 422) and r['path'] in ('/language/{lang}', '/sign-in/link', '/sign-in'):
                    continue
                equal(a.status, 200, f'{r["path"]} for {name}')
                if a.headers['Content-Type'].startswith('text/html'):
                    pages += 1
                    check('<main' in a.text and '</html>' in a.text and '{{' not in a.text, r['path'])
                    if r['path'] not in ('/audit', '/jobs', '/events/parked', '/processes/{key}'):  # which show names of actions and jobs as they are
                        equal(keys.findall(a.text), [], f'keys instead of texts on {r["path"]} in {lang}')
                    check(f'<html lang="{lang}"' in a.text, f'{r["path"]} in {lang}')
                    model = people[name].get_json(concrete(r['path']))
                    equal((model.status, model.headers['Content-Type']), (200, 'application/json'), r['path'])
                    check(isinstance(model.json, dict), r['path'])
            people[name].cookies['lang'] = 'vi'
    check(pages > 40, f'{pages} pages')


@test
def lists_answer_to_every_filter_every_order_and_every_page():
    officer, admin, auditor = people['mot.cua'], people['quan.tri'], people['kiem.toan']
    whole = officer.get_json('/dossiers?limit=200').json
    check(whole['count'] >= 25 and len(whole['items']) == whole['count'], whole['count'])
    keys = {i['id'] for i in whole['items']}
    for sort in ('code', 'procedure', 'applicant', 'status', 'due_at', 'submitted_at', 'urgent_at', 'accepted_at', 'finished_at', 'handler'):
        for sign in ('', '-'):
            seen, path = [], f'/dossiers?sort={sign}{sort}&limit=10'
            while path:
                a = officer.get_json(path)
                equal(a.status, 200, path)
                seen += [i['id'] for i in a.json['items']]
                path = a.json['next'] and f'/dossiers?sort={sign}{sort}&limit=10&after={a.json["next"]}'
            equal(sorted(seen), sorted(keys), f'all once, page by page, by {sign}{sort}')
    for query in ('state=submitted', 'late=1', 'channel=2', 'channel=1', 'from=2026-01-01', 'to=2030-01-01', f'unit={body_id(officer, "28261")}', 'q=tran', 'q=H20.26', 'late=1&state=in_progress&sort=-due_at&q=nguyen',
                  'columns=code,owner,applicant_pid'):
        a = officer.get_json('/dossiers?limit=200&' + query)
        equal(a.status, 200, query)
        check({i['id'] for i in a.json['items']} <= keys, query)
        equal(officer.get('/dossiers?limit=200&' + query).status, 200, query)
    for kind, start in (('csv', b'\xef\xbb\xbf'), ('xlsx', b'PK')):
        a = officer.get('/dossiers?format=' + kind)
        check(a.status == 200 and a.body.startswith(start), f'{kind}: {a.status} {a.body[:20]}')
        check(not re.search(rb'\b\d{12}\b', a.body) or kind == 'xlsx', 'personal numbers are masked in exports too')
    first = admin.get_json('/users?limit=2').json
    for query in ('', '?q=lan', '?state=active', '?state=locked', f'?org_id={body_id(officer, "28261")}', '?q=lan&state=active&limit=1', first['next'].replace('/users', '')):
        equal(admin.get_json('/users' + query).status, 200, query)
    second = admin.get_json(first['next']).json
    check(not {u['id'] for u in first['rows']} & {u['id'] for u in second['rows']}, 'another page, other people')
    for query in ('actor=mot.cua', 'actor=system', 'action=identity.', 'action=identity.sign-in', 'object=dossier:', 'from=2026-01-01&to=2030-01-01', 'actor=mot.cua&action=procedures.&object=dossier:&from=2020-01-01&to=2040-01-01&limit=3'):
        equal(auditor.get_json('/audit?' + query).status, 200, query)
    for path in ('/tasks?view=mine', '/tasks?view=group', '/tasks?view=overdue', '/tasks?view=done', '/notifications', '/procedures?q=khai+sinh', '/procedures?q=', '/procedures?q=%25_%27%22', '/calendar?year=2027&month=2', '/organisations?q=my+tho'):
        equal(officer.get_json(path).status, 200, path)


@test
def the_openapi_document_knows_every_route_and_every_refusal_has_its_type():
    document = Person(sen).get_json('/openapi.json').json
    check(document['openapi'].startswith('3.1'), document['openapi'])
    for r in ROUTES:
        path = re.sub(r'\*\}', '}', r['path'])
        check(r['method'].lower() in document['paths'].get(path, {}), f'{r["method"]} {path} is not in openapi.json')


@test
def an_official_of_another_commune_cannot_read_or_touch_a_dossier():
    for r in ROUTES:
        if not r['path'].startswith('/dossiers/{id}'):
            continue
        if r['permission'] not in ('signed-in', 'procedures.read', 'procedures.accept'):
            continue  # not theirs at all: above
        a = ask(other, r)
        check(a.status in REFUSED, f'{r["method"]} {r["path"]}: {a.status}')
        if not re.search('refuse|request-supplement|withdraw$|pay$|deliver$', r['path']):  # those ask first for what was not given
            check(a.status in (403, 404), f'{r["method"]} {r["path"]}: {a.status}')
    bodies = {'refuse': {'ground': 'Không đủ căn cứ'}, 'request-supplement': {'items': ['x'], 'ground': 'Không đủ'}, 'pay': {'reference': 'x'}, 'withdraw': {'reason': 'Tôi rút'},
              'deliver': {'receiver': 'Ai đó', 'id_check': 'không'}}
    for act, fields in bodies.items():
        equal(other.act(foreign_dossier, act, **fields).status, 404, act)


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
