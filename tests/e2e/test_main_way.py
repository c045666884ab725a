#!/usr/bin/env python3
"""The whole way of a dossier over HTTP, as five people and a stranger, both stores: a citizen finds a procedure and files with the forms of the pages, the desk is told and
accepts, the specialist asks for one more paper and drafts, the leader signs, the clerk issues, the citizen downloads, the stranger verifies by the QR code.
Due dates are compared with a calendar of our own, documents read with pdftotext and zbarimg, signatures checked with pdfsig."""
from lib import *

sen = Sen(dossiers=500).start()
citizen, desk, specialist, leader, clerk, auditor = (Person(sen).sign_in(n) for n in ('cong.dan', 'mot.cua', 'chuyen.vien', 'lanh.dao', 'van.thu', 'kiem.toan'))
stranger = Person(sen)
PROCEDURE, DAYS, FEE = '1.004222', 7, '10.000 đ'  # Đăng ký thường trú: 7 working days, 10,000 đ when filed online
D = {}  # the dossier on its way: id, code, check word …


def pdf_text(data):
    return subprocess.run(['pdftotext', '-layout', '-', '-'], input=data, stdout=subprocess.PIPE, check=True).stdout.decode()


def qr_codes(data):
    folder = tempfile.mkdtemp(dir=sen.folder)
    subprocess.run(['pdftoppm', '-r', '150', '-png', '-', f'{folder}/page'], input=data, check=True)
    pages = [os.path.join(folder, f) for f in sorted(os.listdir(folder))]
    return subprocess.run(['zbarimg', '-q', '--raw', *pages], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split()


def local_text(ms):
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone(datetime.timedelta(hours=7)))
    return moment.strftime('%H:%M'), moment.strftime('%d/%m/%Y'), moment.strftime('%d/%m')


def event(model, kind):
    found = [e for e in model['timeline'] if e['kind'] == kind]
    check(found, f'no {kind} in the timeline of {model["code"]}')
    return found[0]


def fact(model, label):
    return next(f['value'] for f in model['facts'] if f['label'] == label)


@test
def a_search_without_marks_finds_the_procedure_and_its_page_says_time_and_fee():
    found = [i['code'] for i in stranger.get_json('/procedures?q=dang+ky+thuong+tru').json['items']]
    check(PROCEDURE in found[:3], found)
    marked = [i['code'] for i in stranger.get_json('/procedures?q=' + urllib.parse.quote('Đăng ký thường trú')).json['items']]
    equal(found, marked, 'with and without marks')
    page = stranger.get(f'/procedures/{PROCEDURE}').text
    for words in ('Đăng ký thường trú', '7 ngày làm việc', '10.000', '20.000', '68/2020/QH14'):
        check(words in page, words)


@test
def filing_asks_a_stranger_to_sign_in_first():
    a = Person(sen).get(f'/procedures/{PROCEDURE}/apply')
    equal(a.status, 303)
    check(a.headers['Location'].startswith('/sign-in?to='), a.headers['Location'])


@test
def the_citizen_files_with_the_forms_of_the_pages_and_a_real_pdf():
    D['told'] = Listener(desk, '/stream?topics=dossiers')
    D['steering'] = leader.get_json('/steering').json['total']
    page = citizen.open(f'/procedures/{PROCEDURE}/apply')
    form = form_of(page, 'apply-form')
    check(re.search(r'id="f-applicant-name">Nguyễn Thị Lan', page.text) and 'applicant.name' not in form.names, 'the name is known from the account and cannot be typed')
    typed = {'org_id': body_id(citizen, '28261')}
    for group, part in RESIDENCE.items():
        typed.update({f'{group}.{k}': v for k, v in part.items()} if isinstance(part, dict) else {group: part})
    page = citizen.send(form, typed)
    form = form_of(page, 'apply-form')
    check(form.multipart, f'the step of papers follows: {page.text[:500]}')
    paper = next(n for n in sorted(form.names) if n.startswith('paper_'))
    page = citizen.send(form, files={paper: ('giấy xác nhận nơi cư trú.pdf', 'application/pdf', PAPER)}, button=('go', 'next'))
    check('Số 5 đường Lê Lợi, phường Mỹ Tho' in page.text and FEE in page.text and 'giấy xác nhận nơi cư trú.pdf' in page.text, page.text[:4000])
    page = citizen.send(form_of(page, 'apply-form'))
    D['id'] = re.search(r'data-stream="/dossiers/(\d+)/stream"', page.text).group(1)
    model = citizen.record(D['id'])
    D['code'] = model['code']
    check(re.fullmatch(r'H20\.26-\d{8}-\d{7}', D['code']), D['code'])
    equal((model['status'], model['national_status'], fact(model, 'Phí, lệ phí')), ('submitted', 1, FEE))
    check(local_text(event(model, 'submit')['at'])[1] in fact(model, 'Nộp lúc'), f'when it was filed, with its date: {fact(model, "Nộp lúc")}')
    equal(sum(f['file_name'] == 'giấy xác nhận nơi cư trú.pdf' for f in model['papers']), 1, 'the paper under its own name')
    equal(citizen.get(model['papers'][0]['url']).body, PAPER, 'the paper, byte for byte')


@test
def the_officers_open_list_is_told_of_the_arrival():
    kind, data = D['told'].wait(lambda kind, data: data.get('id') == D['id'])
    equal((kind, json.loads(data)['status']), ('submit', 'submitted'))
    check('Nguyễn' not in data and '087' not in data, f'no personal data on the wire: {data}')
    rows = [i for i in desk.get_json('/dossiers?state=submitted&limit=100').json['items'] if i['id'] == D['id']]
    equal(len(rows), 1, 'in the work list of the desk')
    check(re.fullmatch(r'\d{3}\*{6}\d{3}', rows[0]['applicant_pid']), f'the personal number is masked: {rows[0]["applicant_pid"]}')
    a = desk.get_json('/dossiers?q=' + D['code'])
    equal([i['id'] for i in a.json['items']], [D['id']], 'found by its code')


@test
def the_desk_accepts_and_the_due_date_is_what_the_calendar_gives():
    page = desk.open(f'/dossiers/{D["id"]}')
    page = desk.send(form_of(page, '/accept'))
    equal(page.status, 200)
    model = desk.record(D['id'])
    equal(model['status'], 'in_progress', 'accepted and handed over')
    accepted = event(model, 'accept')['at']
    D['accepted'], D['due'] = accepted, model['due_at']
    equal(model['due_at'], nth_working_day(accepted, DAYS), '7 working days')
    lines = model['explained']
    equal((lines[0]['kind'], lines[-1]['kind'], lines[-1]['at']), ('start', 'due', model['due_at']))
    days = range(local_day(accepted) + 1, local_day(model['due_at']) + 1)
    equal([local_day(l['at']) for l in lines if l['kind'] == 'count'], [d for d in days if works(d)], 'the days that count')
    equal([local_day(l['at']) for l in lines if l['kind'] in ('weekend', 'holiday')], [d for d in days if not works(d)], 'the days that do not')
    check('7 ngày làm việc' in lines[0]['text'] and lines[-1]['text'].startswith('Hẹn trả: 17:30'), lines)


@test
def the_receipt_says_code_due_date_reasons_and_check_word_and_its_qr_code_leads_to_the_state():
    a = citizen.get(f'/dossiers/{D["id"]}/forms/01.pdf')
    equal((a.status, a.headers['Content-Type']), (200, 'application/pdf'))
    text = ' '.join(pdf_text(a.body).split())
    for words in ('GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ', D['code'], 'Nguyễn Thị Lan', 'mười nghìn đồng', f'17:30 {local_text(D["due"])[1]}', 'ngày làm việc thứ 7 trên 7'):
        check(words in text, f'"{words}" is not on the receipt:\n{text}')
    word = re.search(r'Mã tra cứu: ([A-Z2-7]{8})', text).group(1)
    D['status_path'] = f'/status?code={D["code"]}&k={word}'
    equal(qr_codes(a.body), [f'http://127.0.0.1:{sen.port}{D["status_path"]}'])
    a = stranger.get(D['status_path'])
    equal(a.status, 200)
    check('Đang giải quyết' in a.text or 'Đang xử lý' in a.text, a.text[:3000])
    check('Nguyễn Thị Lan' not in a.text and '0901234567' not in a.text, 'no personal data on the public page')
    equal(stranger.get_json(D['status_path']).json['due_at'], D['due'])


@test
def one_more_paper_is_asked_for_the_clock_stands_and_goes_on_when_it_comes():
    a = specialist.act(D['id'], 'request-supplement', items=['Hợp đồng thuê nhà có công chứng'], ground='Điều 20 Luật Cư trú 68/2020/QH14')
    equal(a.status, 200, a.text)
    model = citizen.record(D['id'])
    equal((model['status'], model['clock_stopped'], model['national_status']), ('awaiting_supplement', True, 5))
    text = ' '.join(pdf_text(citizen.get(f'/dossiers/{D["id"]}/forms/02.pdf').body).split())
    for words in ('PHIẾU YÊU CẦU BỔ SUNG', 'Hợp đồng thuê nhà có công chứng', '68/2020/QH14', D['code']):
        check(words in text, f'"{words}" is not on form 02:\n{text}')
    page = citizen.open(f'/dossiers/{D["id"]}')
    page = citizen.send(form_of(page, 'supplement-form'), files={'item_0': ('hop-dong.pdf', 'application/pdf', PAPER)})
    equal(page.status, 200)
    model = citizen.record(D['id'])
    equal((model['status'], model['clock_stopped']), ('in_progress', False))
    equal(model['due_at'], due_after_pause(D['accepted'], DAYS, event(model, 'request_supplement')['at'], event(model, 'supplement')['at']))
    equal([p['name'] for p in model['papers'] if p['added_later']], ['Hợp đồng thuê nhà có công chứng'])


@test
def a_pause_over_days_moves_the_due_date_by_the_calendar():
    """The demonstration's citizen was asked for a paper working days ago; adding it now moves the due date by the rule, not by hand."""
    waiting = [i for i in citizen.get_json('/dossiers').json['items'] if i['status'] == 'awaiting_supplement']
    equal(len(waiting), 1)
    before = citizen.record(waiting[0]['id'])
    accepted, asked = event(before, 'accept')['at'], event(before, 'request_supplement')['at']
    a = citizen.upload(f'/dossiers/{before["id"]}/supplement', {}, {'item_0': ('giay-to.pdf', 'application/pdf', PAPER)}, 'application/json')
    equal(a.status, 200, a.text)
    after = citizen.record(before['id'])
    answered = event(after, 'supplement')['at']
    equal(after['due_at'], due_after_pause(accepted, DAYS, asked, answered))
    skipped = sum(works(d) for d in range(local_day(asked) + 1, local_day(answered) + 1))
    check(skipped >= 1, 'the pause lasted over a working day at least')
    check(after['due_at'] > nth_working_day(accepted, DAYS), 'later than without the pause')
    told = [l['kind'] for l in after['explained']]
    check('pause' in told and 'resume' in told and told.index('pause') < told.index('resume'), told)


@test
def the_specialist_examines_and_drafts_and_the_applicant_does_not_see_it():
    page = specialist.open(f'/dossiers/{D["id"]}')
    page = specialist.send(form_of(page, '/examine'), {'kind': 'positive', 'result_title': 'Thông báo kết quả giải quyết đăng ký cư trú',
                                                       'conclusion': 'Đã cập nhật nơi thường trú của bà Nguyễn Thị Lan trong Cơ sở dữ liệu về cư trú.'})
    equal(page.status, 200)
    model = specialist.record(D['id'])
    check(model['result'] and not model['result']['issued'], model['result'])
    theirs = citizen.record(D['id'])
    equal(theirs['result'], None)
    check('draft_result' not in [e['kind'] for e in theirs['timeline']], 'how it is being decided is not told before it is')
    check('Đã cập nhật nơi thường trú' not in citizen.get(f'/dossiers/{D["id"]}').text, 'nor on the page')


@test
def the_leader_signs_and_the_clerk_issues():
    page = leader.open(f'/dossiers/{D["id"]}')
    page = leader.send(form_of(page, '/sign'))
    equal(page.status, 200)
    signed = leader.record(D['id'])['result']
    equal(citizen.get_json(signed['url']).status, 404, 'the signed draft is not the applicant\'s yet')
    page = clerk.open(f'/dossiers/{D["id"]}')
    page = clerk.send(form_of(page, '/issue'))
    equal(page.status, 200)
    model = clerk.record(D['id'])
    equal((model['status'], model['national_status']), ('returned', 10), 'filed online, it is delivered into the account')
    check(re.fullmatch(r'\d+/KQ-UBND', model['result']['number']), model['result']['number'])


@test
def the_citizen_downloads_the_result_and_pdfsig_finds_both_signatures_valid():
    model = citizen.record(D['id'])
    a = citizen.get(model['result']['url'])
    equal((a.status, a.headers['Content-Type']), (200, 'application/pdf'))
    equal(hashlib.sha256(a.body).hexdigest(), model['result']['sha256'])
    D['result'], D['result_path'] = a.body, model['result']['url']
    text = ' '.join(pdf_text(a.body).split())
    for words in ('Đã cập nhật nơi thường trú của bà Nguyễn Thị Lan', 'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', D['code']):
        check(words in text, f'"{words}" is not in the result:\n{text}')
    path = os.path.join(sen.folder, 'result.pdf')
    open(path, 'wb').write(a.body)
    r = subprocess.run(['pdfsig', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    equal(r.count('Signature Validation: Signature is Valid.'), 2, r)
    check('Total document signed' in r.split('Signature #2')[1], f'the seal covers the whole document:\n{r}')
    check('Huỳnh Quốc Thắng' in r, f'the leader is the signer:\n{r}')


@test
def one_altered_byte_is_found_by_the_public_check():
    at = D['result'].index(b'stream') + 20
    bad = D['result'][:at] + bytes([D['result'][at] ^ 1]) + D['result'][at + 1:]
    for data, good in ((D['result'], True), (bad, False)):
        page = stranger.open('/signatures/check')
        form = form_of(page, '/signatures/check')
        field = next(n for n in form.names if n != '_csrf' and n not in form.values)
        stranger.csrf = form.values.get('_csrf')
        a = stranger.upload('/signatures/check', {}, {field: ('ket-qua.pdf', 'application/pdf', data)}, 'application/json')
        found = a.json['signatures'] if a.status == 200 else []
        equal(len(found) == 2 and all(s['indication'] == 'TOTAL-PASSED' for s in found), good, f'{a.status} {a.text[:800]}')


@test
def a_stranger_verifies_by_the_qr_code_of_the_result_and_cannot_read_it():
    codes = [c for c in qr_codes(D['result']) if '/verify/' in c]
    equal(len(codes), 1, 'one QR code')
    check(codes[0].startswith(f'http://127.0.0.1:{sen.port}/verify/'), codes[0])
    path = codes[0][codes[0].index('/verify/'):]
    model = stranger.get_json(path).json
    equal((model['valid'], model['revoked'], model['sha256']), (True, False, hashlib.sha256(D['result']).hexdigest()))
    equal((model['signer'], len(model['signatures']), all(s['good'] for s in model['signatures'])), ('Huỳnh Quốc Thắng', 2, True))
    page = stranger.get(path)
    check('Nguyễn Thị Lan' not in page.text and 'nơi thường trú' not in page.text, 'nothing of its content')
    equal(stranger.get_json(D['result_path']).status, 401, 'the bytes are not a stranger\'s')
    equal(stranger.get_json('/verify/' + 'A' * 24).status, 404, 'another token is nobody\'s')


@test
def the_citizen_was_notified_of_every_step_that_concerns_them():
    items = citizen.get_json('/notifications').json['items']
    mine = [i for i in items if i['url'] == f'/dossiers/{D["id"]}']
    equal(len(mine), 4, f'received, accepted, supplement, result: {[i["text"] for i in mine]}')
    check(all(D['code'] in i['text'] for i in mine), [i['text'] for i in mine])
    check(mine[0]['created_at'] >= mine[-1]['created_at'] and mine[0]['is_new'], 'newest first, unread')
    equal(citizen.post_json('/notifications/read', {}).json['unread'], 0)
    hers = [i for i in specialist.get_json('/notifications').json['items'] if i['url'] == f'/dossiers/{D["id"]}']
    check(any(D['code'] in i['text'] for i in hers), f'the specialist who asked was told that the paper came: {hers}')


@test
def the_audit_trail_shows_who_did_each_step_and_who_read():
    rows, path = [], f'/audit?object=dossier:{D["id"]}&limit=500'
    while path:
        a = auditor.get_json(path).json
        rows += a['rows']
        path = a.get('next')
    did = {(r['action'].removeprefix('procedures.'), r['actor_name']) for r in rows if r['result'] == 'ok'}
    for step in (('submit', 'Nguyễn Thị Lan'), ('accept', 'Trần Thị Ngọc Hạnh'), ('request_supplement', 'Lê Minh Khoa'), ('supplement', 'Nguyễn Thị Lan'),
                 ('draft_result', 'Lê Minh Khoa'), ('sign', 'Huỳnh Quốc Thắng'), ('number', 'Phạm Thị Thu Cúc'), ('issue', 'Phạm Thị Thu Cúc'),
                 ('dossier.read', 'Nguyễn Thị Lan'), ('dossier.read', 'Huỳnh Quốc Thắng')):
        check(step in did, f'{step} is not in the audit trail: {sorted(map(str, did))}')
    files = auditor.get_json(f'/audit?object=dossier:{D["id"]}/&limit=500').json['rows']
    check(any(r['action'] == 'procedures.file.read' and r['actor_name'] == 'Nguyễn Thị Lan' for r in files), 'downloads are in it')
    check('Lê Minh Khoa' in auditor.get(f'/audit?object=dossier:{D["id"]}').text, 'and on the page')
    equal(citizen.get_json('/audit').status, 403, 'which is the auditor\'s')


@test
def the_figures_for_leaders_have_changed():
    now = leader.get_json('/steering').json['total']
    before = D['steering']
    equal((now['received'], now['finished'], now['on_time']), (before['received'] + 1, before['finished'] + 1, before['on_time'] + 1))
    equal(now['open_now'], before['open_now'])
    board = stranger.get_json('/board').json
    check(board['total']['received'] >= now['received'] and stranger.get('/board').status == 200, 'and everybody sees the board')


@test
def a_certified_copy_costs_what_the_circular_says_and_is_due_the_same_day():
    """Spec 03 §7.3: 5 pages × 3 copies = (2·2,000 + 3·1,000)·3 = 21,000 đ (226/2016/TT-BTC)."""
    key = file_dossier(citizen, '2.000815')
    model = citizen.record(key)
    equal(fact(model, 'Phí, lệ phí'), '21.000 đ')
    a = desk.act(key, 'accept', fee='paid', fee_reference='BL-0001')
    equal(a.status, 200, a.text)
    model = desk.record(key)
    equal(model['due_at'], same_day(event(model, 'accept')['at']))
    text = ' '.join(pdf_text(citizen.get(f'/dossiers/{key}/forms/01.pdf').body).split())
    check('hai mươi mốt nghìn đồng' in text and 'đã nộp' in text, text)


try:
    main()
finally:
    sen.close()
