#!/usr/bin/env python3
"""Filing in one request, for programs (POST /dossiers): a citizen for themself, the desk for somebody who stands there, and what is refused, both stores."""
from lib import *

sen = Sen(dossiers=200).start()
citizen, desk, other_desk, specialist = (Person(sen).sign_in(n) for n in ('cong.dan', 'mot.cua', 'mot.cua.2', 'chuyen.vien'))
RESIDENCE, COPY, BODY = '1.004222', '2.000815', 'ubnd-28261'  # the first requires no paper, the second one
PID = '087190912345'
APPLICANT = {'phone': '0912345678', 'address': 'Số 5 đường Lê Lợi, phường Mỹ Tho'}
FORM = {'applicant': APPLICANT, 'mover': {'name': 'Nguyễn Thị Lan', 'birth_date': '1990-05-17', 'gender': 'nu', 'pid': '087190000021', 'new_address': APPLICANT['address']},
        'household': {'head_name': 'Nguyễn Văn Tư', 'relation': 'Con'}, 'request': 'Đăng ký thường trú cùng cha'}
COPIES = {'procedure': COPY, 'form': {'applicant': APPLICANT, 'document': 'Bằng tốt nghiệp', 'pages': 3, 'copies': 2}}


def filing(**more):
    return {'procedure': RESIDENCE, 'request_id': str(uuid.uuid4()), 'org': BODY, 'form': FORM, **more}


def by_desk(**more):
    return filing(applicant_name='Lê Văn Tám', applicant_pid=PID, **more)


def rules(answer, status=422):
    equal(answer.status, status, answer.text[:500])
    return [(e['path'], e['rule']) for e in answer.json['errors']]


def dossiers():
    return [i['id'] for i in citizen.get_json('/dossiers?limit=100').json['items']]


@test
def a_citizen_files_in_one_request_and_anybody_with_code_and_check_word_may_ask_for_the_state():
    a = citizen.post_json('/dossiers', filing())
    equal(a.status, 201, a.text[:500])
    check(re.fullmatch(r'H20\.26-\d{8}-\d{7}', a.json['code']), a.json['code'])
    equal(a.json['status'], 'submitted')
    equal(a.headers['Location'], f'/dossiers/{a.json["id"]}')
    status = Person(sen).get_json(f'/status?code={a.json["code"]}&k={a.json["check_word"]}')
    equal((status.status, status.json['status']), (200, 'submitted'))
    record = desk.get_json(f'/dossiers/{a.json["id"]}').json
    equal(record['title'], 'Đăng ký thường trú')
    equal([e['kind'] for e in record['timeline']], ['submit'])


@test
def the_same_request_again_is_the_same_dossier_with_the_same_answer():
    body = filing()
    first = citizen.post_json('/dossiers', body)
    count = len(dossiers())
    again = citizen.post_json('/dossiers', body)
    equal((first.status, again.status), (201, 200), again.text[:500])
    equal(again.json, first.json)
    equal(len(dossiers()), count)
    body = by_desk()
    first, again = desk.post_json('/dossiers', body), desk.post_json('/dossiers', body)
    equal((first.status, again.status, again.json), (201, 200, first.json))


@test
def the_desk_files_for_somebody_and_is_recorded_as_the_helper():
    a = desk.post_json('/dossiers', by_desk())
    equal(a.status, 201, a.text[:500])
    record = desk.get_json(f'/dossiers/{a.json["id"]}')
    check('Lê Văn Tám' in record.text, record.text[:2000])
    equal(record.json['timeline'][0]['who'], 'Trần Thị Ngọc Hạnh')
    equal(citizen.get_json(f'/dossiers/{a.json["id"]}').status, 404, 'not the citizen\'s own')
    accepted = desk.post_json(f'/dossiers/{a.json["id"]}/accept', {})
    equal((accepted.status, accepted.json['status']), (200, 'in_progress'), accepted.text[:500])


@test
def who_may_not_receive_there_may_not_file_there():
    for person in (other_desk, specialist):
        equal(person.post_json('/dossiers', by_desk()).status, 403)
    equal(Person(sen).post_json('/dossiers', filing()).status, 401)


@test
def a_citizen_cannot_fill_in_what_the_desk_says():
    found = rules(citizen.post_json('/dossiers', by_desk(channel='counter', papers=['1'])))
    equal(sorted(path for path, _ in found), ['applicant_name', 'applicant_pid', 'channel', 'papers'])


@test
def a_procedure_with_required_papers_is_refused_with_their_list_unless_they_lie_on_the_counter():
    before = len(dossiers())
    a = citizen.post_json('/dossiers', filing(**COPIES))
    equal(a.status, 422, a.text[:500])
    missing = [e for e in a.json['errors'] if e['rule'] == 'procedures.intake.paper-missing']
    equal([e['name'] for e in missing], ['Bản chính giấy tờ, văn bản làm cơ sở để chứng thực bản sao'])
    check(missing[0]['name'] in missing[0]['message'], missing)
    equal(len(dossiers()), before, 'nothing of it stands')
    check(rules(desk.post_json('/dossiers', by_desk(**COPIES))), 'the desk too when nothing was brought')
    brought = desk.post_json('/dossiers', by_desk(**COPIES, papers=[e['paper_id'] for e in missing]))
    equal(brought.status, 201, brought.text[:1000])
    page = desk.get(f'/dossiers/{brought.json["id"]}').text
    check('bản giấy, đã nhận tại quầy' in page, page[:3000])
    equal(desk.post_json(f'/dossiers/{brought.json["id"]}/accept', {}).status, 200, 'what was brought counts as given')
    check(('papers', 'procedures.intake.paper-unknown') in rules(desk.post_json('/dossiers', by_desk(papers=['1']))), 'a paper that is not asked for')


@test
def the_form_is_checked_as_on_the_page():
    found = rules(citizen.post_json('/dossiers', filing(form={**FORM, 'request': ''})))
    check(('request', 'required') in found, found)
    found = rules(desk.post_json('/dossiers', {**by_desk(), 'applicant_pid': '999999999999'}))
    check(('applicant.pid', 'personal-id') in found, found)
    found = rules(citizen.post_json('/dossiers', filing(org='snv')))
    check(('org_id', 'procedures.apply.body-missing') in found, f'a department is not competent for residence: {found}')
    equal(citizen.post_json('/dossiers', filing(procedure='9.999999')).status, 404)
    check(('form', 'procedures.intake.form') in rules(citizen.post_json('/dossiers', filing(form=['x']))))


try:
    main()
finally:
    sen.close()
