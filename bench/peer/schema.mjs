// What a filing must look like; Fastify compiles it once (Ajv).
const text = (max = 300) => ({ type: 'string', minLength: 1, maxLength: max })
const pid = { type: 'string', pattern: '^[0-9]{12}$' }

export const filing = {
  type: 'object', additionalProperties: false, required: ['procedure', 'request_id', 'org', 'form'],
  properties: {
    procedure: text(20), request_id: text(64), org: text(64),
    form: {
      type: 'object', additionalProperties: false, required: ['applicant', 'mover', 'household', 'request'],
      properties: {
        applicant: { type: 'object', additionalProperties: false, required: ['phone', 'address'],
          properties: { phone: { type: 'string', pattern: '^(0|\\+84)[0-9]{9,10}$' }, email: text(), address: text() } },
        for_another: { type: 'boolean' },
        mover: { type: 'object', additionalProperties: false, required: ['name', 'birth_date', 'gender', 'pid', 'new_address'],
          properties: { name: text(), birth_date: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' }, gender: { enum: ['nam', 'nu'] }, pid, phone: text(), new_address: text() } },
        household: { type: 'object', additionalProperties: false, required: ['head_name', 'relation'],
          properties: { head_name: text(), relation: text(), head_pid: pid } },
        request: text(2000), members: text(2000)
      }
    }
  }
}
