// Small things both writes need: keys, seals, due dates, words for search.
import { createHash, createHmac } from 'node:crypto'

const EPOCH = 1735689600000
let last = 0n
const node = BigInt(Number(process.env.NODE_NUMBER ?? 1))
export function newId() {
  const fresh = BigInt(Date.now() - EPOCH) << 12n
  last = fresh > last ? fresh : last + 1n
  return ((last >> 12n) << 22n) | (node << 12n) | (last & 4095n)
}

export const sha256 = text => createHash('sha256').update(text).digest('hex')
const sorted = (_, value) => value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)) : value
export const canonical = value => JSON.stringify(value, sorted)
export const seal = (before, value) => sha256(before + canonical(value))

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
export function checkWord(key, code) {
  const mac = createHmac('sha256', key).update(code).digest()
  let bits = 0n, word = ''
  for (let i = 0; i < 5; i++) bits = (bits << 8n) | BigInt(mac[i])
  for (let i = 7; i >= 0; i--) word += ALPHABET[Number((bits >> BigInt(i * 5)) & 31n)]
  return word
}

export const fold = text => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/[đĐ]/g, 'd').toLowerCase().replace(/[^a-z0-9]+/g, ' ').trim()
export const searchWords = text => fold(text).split(' ').map(word => `dossier·${word}`).join(' ')

const DAY = 86400000, LOCAL = 7 * 3600000
export const localDay = at => Math.floor((at + LOCAL) / DAY)
export const dateCode = at => new Date(at + LOCAL).toISOString().slice(0, 10).replaceAll('-', '')
export function dateTime(at) {
  const t = new Date(Number(at) + LOCAL).toISOString()
  return `${t.slice(11, 16)} ${t.slice(8, 10)}/${t.slice(5, 7)}/${t.slice(0, 4)}`
}
// The end of the n-th working day (17:30), holidays left aside: less work than Sen's calendar does.
export function dueAt(at, days) {
  let day = localDay(at)
  while (days > 0) {
    day++
    const weekday = (day + 4) % 7
    if (weekday !== 0 && weekday !== 6) days--
  }
  return day * DAY - LOCAL + 17.5 * 3600000
}
