#!/usr/bin/env python3
"""What is refused, and how, both stores: every move that the table of spec 03 §5.1 does not have, four eyes, missing papers, files that are not what they say,
malformed requests; and what others may not see. After all of it the chains hold."""
import io, zipfile
from lib import *

sen = Sen(dossiers=100, settings=('--max-upload-mb', '2'))
BODY = {'mot.cua.b': 'ubnd-28261', 'kiem.nhiem': 'ubnd-28270', 'ky.dong': 'ubnd-28270'}
for name, roles in (('mot.cua.b', 'reception'), ('kiem.nhiem', 'reception specialist leader clerk'), ('ky.dong', 'leader clerk')):
    r = subprocess.run([SEN, 'user', 'add', name, '--name', 'Lý Thị Bưởi', '--org', BODY[name], *sen.settings], input='mat-khau-thu-2026\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0, r.stdout
    for role in roles.split():
        sen.command('user', 'grant', name, '--role', role, '--org', BODY[name])
sen.start()
citizen, neighbour, desk, specialist, leader, clerk = (Person(sen).sign_in(n) for n in ('cong.dan', 'cong.dan.2', 'mot.cua', 'chuyen.vien', 'lanh.dao', 'van.thu'))
desk_b, jack, both = (Person(sen).sign_in(n, 'mat-khau-thu-2026') for n in BODY)
DRAFT = {'kind': 'positive', 'result_title': 'Thông báo kết quả', 'conclusion': 'Hồ sơ đủ điều kiện giải quyết theo quy định.'}
GROUND = 'Điều 20 Luật Cư trú 68/2020/QH14'


def code_of(a):
    return a.json.get('type', '').removeprefix('urn:sen:problem:')


def refused(a, status, code, what=''):
    equal((a.status, a.headers['Content-Type'].split(';')[0]), (status, 'application/problem+json'), f'{what}: {a.text[:400]}')
    equal(code_of(a), code, what)
    check(a.json['title'] and a.json['detail'], f'{what}: says what to do')


def rules(a):
    equal(a.status, 422, a.text[:400])
    return {(e['path'], e['rule'].split('.')[-1]) for e in a.json['errors']}


def ok(a):
    check(a.status in (200, 201), f'{a.status} {a.text[:500]}')
    return a.json


def supplement(person, key, data=PAPER, name='giay-to.pdf'):
    return person.upload(f'/dossiers/{key}/supplement', {}, {'item_0': (name, 'application/pdf', data)}, 'application/json')


def accepted():
    key = file_dossier(citizen)
    ok(desk.act(key, 'accept'))
    return key


def ask(person, key):
    return person.act(key, 'request-supplement', items=['Hợp đồng thuê nhà'], ground=GROUND)


# ---- The table of states ----

# Spec 03 §5.1: what may happen to a dossier, by its state. Whatever is not here is refused with these names.
TABLE = {
    'submitted': {'refuse', 'ask_completion', 'accept', 'withdraw'},
    'incomplete': {'complete', 'withdraw'},
    'in_progress': {'require_payment', 'request_supplement', 'withdraw', 'stop', 'issue'},
    'awaiting_supplement': {'supplement', 'expire', 'withdraw'},
    'withdrawing': {'agree_withdrawal', 'reject_withdrawal'},
    'stopped': set(), 'refused': set(), 'returned': set(),
}
# Who does it, the path, what is sent, and the moves that it may make.
ACTS = {
    'accept': (desk, {}, {'accept'}),
    'refuse': (desk, {'ground': GROUND}, {'refuse'}),
    'request-supplement': (desk, {'items': ['Giấy tờ'], 'ground': GROUND}, {'ask_completion', 'request_supplement'}),
    'supplement': (citizen, None, {'complete', 'supplement'}),
    'withdraw': (citizen, {'reason': 'Tôi xin rút'}, {'withdraw'}),
    'settle-withdrawal': (desk, {'agree': True}, {'agree_withdrawal'}),
    'pay': (desk, {'reference': 'BL-1'}, {'pay'}),
    'deliver': (desk, {'receiver': 'Nguyễn Thị Lan', 'id_check': 'Căn cước'}, {'deliver'}),
    'stop': (leader, {'ground': GROUND}, {'stop', 'expire'}),
    'examine': (specialist, DRAFT, {'issue'}),      # in_progress only, like the issue that it leads to
    'return-draft': (leader, {'note': 'Xin sửa lại'}, {'issue'}),
    'sign': (leader, {}, {'issue'}),
    'issue': (clerk, {}, {'issue'}),
}


def in_state(state):
    key = file_dossier(citizen)
    if state == 'submitted':
        return key
    if state == 'incomplete':
        ok(ask(desk, key))
    elif state == 'refused':
        ok(desk.act(key, 'refuse', ground=GROUND))
    else:
        ok(desk.act(key, 'accept'))
    if state == 'awaiting_supplement':
        ok(ask(specialist, key))
    elif state in ('withdrawing',):
        ok(citizen.act(key, 'withdraw', reason='Tôi xin rút'))
    elif state == 'stopped':
        ok(leader.act(key, 'stop', ground=GROUND))
    elif state == 'returned':
        ok(specialist.act(key, 'examine', **DRAFT))
        ok(leader.act(key, 'sign'))
        ok(clerk.act(key, 'issue'))
    equal(citizen.record(key)['status'], state)
    return key


@test
def whatever_the_table_does_not_have_is_409_and_names_what_is_allowed():
    tried = 0
    for state, allowed in TABLE.items():
        key = in_state(state)
        for act, (person, fields, moves) in ACTS.items():
            if moves & allowed:
                continue
            before = citizen.record(key)
            a = supplement(person, key) if fields is None else person.act(key, act, **fields)
            refused(a, 409, 'procedures.transition-not-allowed', f'{act} in {state}')
            equal((set(a.json['allowed']), a.json['status']), (allowed, 409) if isinstance(a.json['status'], int) else (allowed, state), f'{act} in {state}')
            equal(citizen.record(key)['timeline'], before['timeline'], 'nothing happened')
            tried += 1
    check(tried > 60, f'{tried} tried')


@test
def the_refusal_tells_people_in_words_and_keeps_the_page():
    key = in_state('stopped')
    a = desk.post(f'/dossiers/{key}/accept', {})
    equal((a.status, a.headers['Content-Type'].split(';')[0]), (409, 'text/html'))
    check('không cho phép' in a.text, a.text[:2000])


@test
def of_two_officials_who_accept_at_once_one_is_refused():
    for _ in range(8):
        key, answers = file_dossier(citizen), []
        threads = [threading.Thread(target=lambda p=p: answers.append(p.act(key, 'accept'))) for p in (desk, desk_b)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(sorted(a.status for a in answers), [200, 409])
        refused(next(a for a in answers if a.status == 409), 409, 'procedures.transition-not-allowed')
        kinds = [e['kind'] for e in desk.record(key)['timeline']]
        equal((kinds.count('accept'), kinds.count('hand_over')), (1, 1))


@test
def reception_examination_decision_and_seal_lie_in_different_hands():
    """In a commune where one person holds all four roles beside the usual four, and one is leader and clerk."""
    theirs = {n: Person(sen).sign_in(f'{n}.28270') for n in ('mot.cua', 'chuyen.vien', 'van.thu')}
    key = file_dossier(citizen, commune='28270')
    ok(jack.act(key, 'accept'))
    refused(jack.act(key, 'examine', **DRAFT), 409, 'procedures.task.same-person', 'who accepted examines')
    ok(theirs['chuyen.vien'].act(key, 'examine', **DRAFT))  # the task was not given to who accepted
    refused(jack.act(key, 'sign'), 409, 'procedures.task.same-person', 'who accepted signs')
    key = file_dossier(citizen, commune='28270')
    ok(theirs['mot.cua'].act(key, 'accept'))
    ok(jack.act(key, 'examine', **DRAFT))  # who has less to do gets the task
    refused(jack.act(key, 'sign'), 409, 'procedures.task.same-person', 'who drafted signs')
    refused(theirs['van.thu'].act(key, 'issue'), 409, 'procedures.task.not-open', 'before it is signed')
    ok(both.act(key, 'sign'))
    refused(both.act(key, 'issue'), 409, 'procedures.task.same-person', 'who signed issues')
    refused(jack.act(key, 'issue'), 409, 'procedures.task.same-person', 'who drafted issues')
    ok(theirs['van.thu'].act(key, 'issue'))


@test
def a_paper_is_asked_for_once_a_second_time_only_by_the_leader():
    key = accepted()
    ok(ask(specialist, key))
    ok(supplement(citizen, key))
    refused(ask(specialist, key), 409, 'procedures.supplement.second-needs-leader')
    refused(ask(desk, key), 409, 'procedures.supplement.second-needs-leader')
    ok(ask(leader, key))
    refused(leader.act(key, 'stop', ground='Quá hạn bổ sung'), 409, 'procedures.supplement.still-time', 'stopping before the date for the supplement is over')
    ok(supplement(citizen, key))
    ok(specialist.act(key, 'examine', **DRAFT))
    refused(ask(leader, key), 409, 'procedures.supplement.after-examination')


@test
def a_withdrawal_is_settled_by_the_body_and_refused_leads_back_where_it_was():
    for state in ('submitted', 'incomplete', 'in_progress', 'awaiting_supplement'):
        key = in_state(state)
        ok(citizen.act(key, 'withdraw', reason='Tôi xin rút hồ sơ'))
        equal(rules(desk.act(key, 'settle-withdrawal', agree=False)), {('reason', 'reason-missing')})
        ok(desk.act(key, 'settle-withdrawal', agree=False, reason='Đã thẩm định xong'))
        equal(citizen.record(key)['status'], state)
    ok(citizen.act(key, 'withdraw', reason='Tôi vẫn xin rút'))
    ok(desk.act(key, 'settle-withdrawal', agree=True))
    equal(citizen.record(key)['status'], 'stopped')


@test
def grounds_and_reasons_are_asked_for():
    key = file_dossier(citizen)
    equal(rules(desk.act(key, 'refuse')), {('ground', 'required')})
    equal(rules(desk.act(key, 'refuse', ground='x')), {('ground', 'too-short')})
    equal(rules(desk.act(key, 'request-supplement', ground=GROUND, items=[])), {('items', 'required')})
    equal(rules(citizen.act(key, 'withdraw')), {('reason', 'required')})
    equal(rules(desk.act(key, 'accept', fee='paid')), {('fee_reference', 'reference-missing')})
    equal(rules(desk.act(key, 'accept', fee='free')), {('fee', 'choice')})
    equal(rules(desk.act(key, 'accept', case_id='1')), {('case_id', 'missing')})
    equal(citizen.record(key)['status'], 'submitted')


@test
def a_write_on_what_has_changed_meanwhile_is_412():
    key = file_dossier(citizen)
    tag = desk.get_json(f'/dossiers/{key}').headers['ETag']
    headers = {'Content-Type': 'application/json', 'Accept': 'application/json', 'X-CSRF-Token': desk.csrf}
    refused(desk.request('POST', f'/dossiers/{key}/accept', '{}', {**headers, 'If-Match': '"1.1"'}), 412, 'procedures.changed')
    equal(desk.request('POST', f'/dossiers/{key}/accept', '{}', {**headers, 'If-Match': tag}).status, 200)
    a = desk.get_json(f'/dossiers/{key}')
    check(a.headers['ETag'] != tag, 'another event, another tag')
    equal(desk.request('GET', f'/dossiers/{key}', headers={'Accept': 'application/json', 'If-None-Match': a.headers['ETag']}).status, 304)


# ---- Filing ----

@test
def without_a_required_paper_nothing_is_submitted():
    number = draft(citizen, '2.000815')
    a = citizen.upload(f'/procedures/2.000815/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number}, {}, 'application/json')
    equal(rules(a), {('', 'paper-missing')})
    check('Bản chính giấy tờ' in a.text, 'it is named')
    equal(rules(submit(citizen, '2.000815', number)), {('', 'papers-missing')})
    equal(citizen.get_json(f'/procedures/2.000815/apply?draft={number}').status, 200, 'the draft stays')


def docx(macro):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z:
        kind = 'application/vnd.ms-word.document.macroEnabled.main+xml' if macro else 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'
        z.writestr('[Content_Types].xml', f'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="{kind}"/></Types>')
        z.writestr('_rels/.rels', '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')
        z.writestr('word/document.xml', '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Giấy</w:t></w:r></w:p></w:body></w:document>')
        if macro:
            z.writestr('word/vbaProject.bin', b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + bytes(504))
    return out.getvalue()


def encrypted():
    path = os.path.join(sen.folder, 'locked.pdf')
    subprocess.run(['qpdf', '--encrypt', 'secret', 'owner', '256', '--', os.path.join(ROOT, 'tests', 'e2e', 'paper.pdf'), path], check=True)
    return open(path, 'rb').read()


PNG = bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082')


def send_paper(name, kind, data):
    number = draft(citizen, '2.000815')
    paper = next(p['id'] for p in wanted_papers(citizen, '2.000815', number) if p['required'])
    return paper, citizen.upload(f'/procedures/2.000815/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number}, {f'paper_{paper}': (name, kind, data)}, 'application/json')


@test
def a_file_is_what_its_content_says_not_its_name():
    for name, kind, data, rule in (
            ('giay-to.pdf', 'application/pdf', b'#!/bin/sh\nrm -rf /\n', 'type'),
            ('giay-to.pdf', 'application/pdf', b'\x7fELF\x02\x01\x01' + bytes(100), 'type'),
            ('giay-to.png', 'image/png', b'<html><script>alert(1)</script></html>', 'type'),
            ('giay-to.jpg', 'image/jpeg', b'GIF89a' + bytes(100), 'type'),
            ('khoa.pdf', 'application/pdf', encrypted(), 'encrypted'),
            ('macro.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', docx(True), 'macro')):
        paper, a = send_paper(name, kind, data)
        equal(rules(a), {(f'paper_{paper}', rule)}, f'{name} of {data[:8]!r}')
    for name, kind, data in (('giấy tờ.bin', 'application/octet-stream', PAPER), ('anh.txt', 'text/plain', PNG), ('don.docx', 'application/zip', docx(False))):
        ok(send_paper(name, kind, data)[1])


@test
def an_empty_file_is_no_paper_and_one_too_large_is_413():
    paper, a = send_paper('rong.pdf', 'application/pdf', b'')
    check(rules(a) & {(f'paper_{paper}', 'empty'), ('', 'paper-missing')}, a.text)
    a = send_paper('lon.pdf', 'application/pdf', PAPER + bytes(3 << 20))[1]
    refused(a, 413, 'http.body-too-large')
    key = in_state('awaiting_supplement')
    equal(rules(supplement(citizen, key, b'khong phai pdf')), {('item_0', 'type')})
    equal(citizen.record(key)['status'], 'awaiting_supplement')


@test
def malformed_personal_numbers_telephones_and_dates_are_named_each_at_its_field():
    good = RESIDENCE
    def with_mover(**changes):
        return citizen.post_json('/procedures/1.004222/apply', {**good, 'org_id': body_id(citizen, '28261'), 'mover': {**good['mover'], **changes}})
    for pid in ('08719000002', '0871900000210', '999190000021', 'abcdefghijkl', '087999000021'):
        equal({p for p, r in rules(with_mover(pid=pid))}, {'mover.pid'}, pid)
    equal({p for p, r in rules(with_mover(birth_date='1990-02-30'))}, {'mover.birth_date'})
    equal({p for p, r in rules(with_mover(gender='khac'))}, {'mover.gender'})
    a = citizen.post_json('/procedures/1.004222/apply', {**good, 'org_id': body_id(citizen, '28261'), 'applicant': {'phone': '12', 'address': 'x'}})
    equal({p for p, r in rules(a)}, {'applicant.phone'})
    a = citizen.post_json('/procedures/1.004222/apply', {'org_id': body_id(citizen, '28261')})
    check({'applicant.phone', 'applicant.address', 'mover.name', 'mover.pid', 'household.head_name', 'request'} <= {p for p, r in rules(a)}, a.text)


@test
def the_verified_name_and_number_of_the_account_cannot_be_typed():
    number = draft(citizen, applicant={'name': 'Kẻ Mạo Danh', 'pid': '087190000099', 'phone': '0901234567', 'address': 'x'})
    ok(submit(citizen, '1.004222', number))
    facts = {f['label']: f['value'] for f in citizen.record(number)['facts']}
    equal(facts['Người nộp'], 'Nguyễn Thị Lan')
    check(facts['Số định danh'] != '087190000099', facts)


@test
def a_refused_form_shows_again_what_was_typed_and_where_it_is_wrong():
    form = form_of(citizen.open('/procedures/1.004222/apply'), 'apply-form')
    typed = {'org_id': body_id(citizen, '28261'), 'applicant.phone': 'không có', 'applicant.address': 'Số 5 đường <Lê Lợi> & "sau"', 'mover.name': 'Nguyễn Văn Tám'}
    a = citizen.send(form, typed)
    equal(a.status, 422)
    again = form_of(a, 'apply-form')
    for name, value in typed.items():
        equal(again.values.get(name), value, name)
    check(re.search(r'id="f-applicant-phone-error"|href="#f-applicant-phone"', a.text), 'the summary leads to the field')
    check('<Lê Lợi>' not in a.text, 'typed text is never markup')


@test
def a_body_that_is_not_competent_a_procedure_that_is_not_there_and_an_official_are_refused():
    a = citizen.post_json('/procedures/1.004222/apply', {**RESIDENCE, 'org_id': citizen.get_json('/organisations/stp').json['id']})
    equal(rules(a), {('org_id', 'body-missing')})
    refused(citizen.get_json('/procedures/9.999999/apply'), 404, 'procedures.missing')
    refused(desk.post_json('/procedures/1.004222/apply', RESIDENCE), 403, 'procedures.citizens-file')


@test
def the_same_request_gives_the_same_dossier_also_when_sent_at_once():
    number = draft(citizen)
    request, answers = str(uuid.uuid4()), []
    people = [Person(sen) for _ in range(6)]
    for p in people:
        p.cookies, p.csrf = citizen.cookies, citizen.csrf
    threads = [threading.Thread(target=lambda p=p: answers.append(submit(p, '1.004222', number, request))) for p in people]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(len({(a.status, a.json['id'], a.json['code']) for a in answers}), 1, [a.text for a in answers])
    equal([e['kind'] for e in citizen.record(number)['timeline']], ['submit'])
    again = submit(citizen, '1.004222', number, request)
    equal((again.status, again.json['code']), (201, answers[0].json['code']))


@test
def a_paper_that_comes_while_the_draft_is_submitted_never_undoes_the_submission():
    paper = next(p['id'] for p in wanted_papers(citizen, '2.000815', draft(citizen, '2.000815')) if p['required'])
    other = Person(sen)
    other.cookies, other.csrf = citizen.cookies, citizen.csrf
    for _ in range(12):
        number = draft(citizen, '2.000815')
        add_papers(citizen, '2.000815', number)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(submit(citizen, '2.000815', number))),
                   threading.Thread(target=lambda: answers.append(other.upload(f'/procedures/2.000815/apply?draft={number}&step=papers', {'step': 'papers', 'draft': number},
                                                                               {f'paper_{paper}': ('b.pdf', 'application/pdf', PAPER)}, 'application/json')))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        check({a.status for a in answers} <= {200, 201, 409}, [a.text[:300] for a in answers])
        equal(citizen.record(number)['status'], 'submitted')


# ---- Malformed requests ----

def raw(person, method, path, body, kind, **more):
    return person.request(method, path, body, {'Content-Type': kind, 'Accept': 'application/json', 'X-CSRF-Token': person.csrf or '', **more})


@test
def malformed_bodies_are_400_415_or_422_never_500():
    key = in_state('submitted')
    path = f'/dossiers/{key}/refuse'
    for body in ('{', '[]', '"x"', 'null', '{"ground":"a","ground":"b"}', '{"ground": NaN}', '{"ground":"\\ud800"}', '\xff\xfe', '{"ground":"' + 'x' * 100 + '"', '[' * 10000):
        a = raw(desk, 'POST', path, body.encode('utf-8', 'surrogatepass'), 'application/json')
        check(a.status in (400, 422), f'{body[:30]}: {a.status} {a.text[:200]}')
        equal(a.headers['Content-Type'].split(';')[0], 'application/problem+json')
    refused(raw(desk, 'POST', path, 'ground=x', 'text/csv'), 415, 'http.unsupported-type')
    refused(raw(desk, 'POST', path, 'x', 'multipart/form-data'), 400, 'http.malformed', 'without a boundary')
    for body in (b'--b\r\nContent-Disposition: form-data; name="ground"\r\n\r\nnever ended', b'--b\r\n\r\n\r\n--b--', b'rubbish', b'--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n'):
        a = raw(citizen, 'POST', f'/dossiers/{key}/supplement', body, 'multipart/form-data; boundary=b')
        check(a.status in (400, 409, 422), f'{body[:40]}: {a.status} {a.text[:200]}')
    equal(raw(desk, 'POST', path, '{"ground":"' + 'x' * (3 << 20) + '"}', 'application/json').status, 413)
    equal(citizen.record(key)['status'], 'submitted')


@test
def unknown_and_wrongly_typed_fields_are_named():
    key = in_state('submitted')
    equal(rules(desk.act(key, 'accept', status='returned')), {('status', 'unknown-field')})
    equal(rules(desk.act(key, 'accept', due_at=1, note='x' * 501)), {('due_at', 'unknown-field'), ('note', 'too-long')})
    equal(rules(desk.act(key, 'refuse', ground={'a': 1})), {('ground', 'not-a-text')})
    equal(rules(desk.act(key, 'refuse', ground=['a', 'b'])), {('ground', 'repeated')})
    equal(desk.get_json('/audit?rubbish=1').status, 403)
    equal(rules(Person(sen).get_json('/calendar?year=abc')), {('year', 'not-a-number')})


@test
def keys_that_are_no_keys_are_404():
    for key in ('0', '-1', 'abc', '9223372036854775808', '1%00', "1'--", '..%2f..%2fetc%2fpasswd', '18446744073709551617'):
        a = desk.get_json(f'/dossiers/{key}')
        check(a.status in (400, 404), f'{key}: {a.status}')


# ---- What others may not see ----

@test
def five_wrong_check_words_close_the_page_of_a_code_for_the_hour():
    if time.time() % 3600 > 3590:
        time.sleep(12)
    key, stranger = in_state('submitted'), Person(sen)
    code = citizen.record(key)['code']
    pdf = citizen.get(f'/dossiers/{key}/forms/01.pdf').body
    text = subprocess.run(['pdftotext', '-', '-'], input=pdf, stdout=subprocess.PIPE, check=True).stdout.decode()
    word = re.search(r'Mã tra cứu: ([A-Z2-7]{8})', text).group(1)
    equal(stranger.get(f'/status?code={code}&k={word}').status, 200)
    wrong = 'AAAAAAAA' if word != 'AAAAAAAA' else 'BBBBBBBB'
    first = stranger.get_json(f'/status?code={code}&k={wrong}')
    unknown = stranger.get_json(f'/status?code=H20.26-20200101-0000001&k={wrong}')
    equal(first.status, 404)
    equal((unknown.status, unknown.json.get('problem')), (first.status, first.json.get('problem')), 'an unknown code and a wrong word are told the same')
    for _ in range(4):
        equal(stranger.get(f'/status?code={code}&k={wrong}').status, 404)
    deadline = time.time() + 5  # a reading route cannot write: the wrong word is counted right after
    while stranger.get(f'/status?code={code}&k={wrong}').status != 429:
        check(time.time() < deadline, 'the page is closed after five wrong words')
    a = stranger.get_json(f'/status?code={code}&k={word}')
    refused(a, 429, 'procedures.status.locked', 'also for the right one')
    check(0 < int(a.headers['Retry-After']) <= 3600, a.headers['Retry-After'])
    equal(stranger.get(f'/status?code={citizen.record(in_state("submitted"))["code"]}&k={wrong}').status, 404, 'another code is open')


@test
def dossiers_papers_and_results_of_others_are_not_there():
    key = in_state('returned')
    model = citizen.record(key)
    paths = [f'/dossiers/{key}', f'/dossiers/{key}/forms/01.pdf', f'/dossiers/{key}/stream', model['result']['url']]
    for path in paths:
        equal(neighbour.get_json(path).status, 404, path)
        equal(Person(sen).get_json(path).status, 401, path)
    mine = file_dossier(citizen, '2.000815')
    paper = citizen.record(mine)['papers'][0]['url'].rsplit('/', 1)[1]
    equal(citizen.get(f'/dossiers/{key}/files/{paper}').status, 404, 'a file is found under its own dossier only')
    equal(neighbour.get_json(f'/dossiers/{mine}/files/{paper}').status, 404)
    refused(neighbour.act(mine, 'withdraw', reason='Không phải của tôi'), 404, 'procedures.dossier.missing')
    equal(neighbour.get_json('/dossiers').json['items'], [])


@test
def a_draft_is_the_applicants_alone():
    number = draft(citizen)
    for official in (desk, specialist, leader, clerk):
        equal(official.get_json(f'/dossiers/{number}').status, 404, official.username)
        check(number not in official.get_json('/dossiers?limit=200').text, f'not in the list of {official.username}')
    equal(desk.act(number, 'accept').status, 404)
    refused(neighbour.get_json(f'/procedures/1.004222/apply?draft={number}'), 404, 'procedures.draft.missing')
    refused(neighbour.post_json(f'/procedures/1.004222/apply?draft={number}&step=review', {'step': 'review', 'draft': number, 'request_id': 'x'}), 404, 'procedures.draft.missing')


@test
def wrong_passwords_are_slowed_down_and_unknown_names_are_told_the_same():
    p = Person(sen)
    token = p.token('/sign-in')
    answers = [p.post('/sign-in', {'username': name, 'password': 'sai-mat-khau'}, token) for name in ('cong.dan.3', 'khong.co.ai')]
    equal([a.status for a in answers], [422, 422])
    words = [re.sub(r'name="_csrf" value="[^"]+"|cong\.dan\.3|khong\.co\.ai', '', a.text[a.text.index('<main'):a.text.index('</main>')]) for a in answers]
    equal(words[0], words[1], 'the same page')
    for _ in range(12):
        a = p.request('POST', '/sign-in', json.dumps({'username': 'cong.dan.3', 'password': 'sai-mat-khau'}), {'Content-Type': 'application/json', 'Accept': 'application/json', 'X-CSRF-Token': token})
        if a.headers['Retry-After']:
            break
    check(a.headers['Retry-After'], f'after some wrong passwords one has to wait: {a.status} {a.text[:300]}')
    a = p.post('/sign-in', {'username': 'cong.dan.3', 'password': PASSWORD}, token)
    equal(a.status, 422, 'with the right one too')


@test
def after_all_this_the_chains_hold():
    sen.stop()
    r = sen.command('verify', check=False)
    equal(r.returncode, 0, r.stdout[-2000:])


try:
    main()
finally:
    sen.close()
