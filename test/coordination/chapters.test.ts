/**
 * What the log core does for every chapter: all or nothing, sessions, one entry for many commands, only what is followed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import type { Body } from '../../src/coordination/chapter.ts';
import { type Command, signCommand, type Vouched } from '../../src/coordination/commands.ts';
import { entryBytes } from '../../src/coordination/entries.ts';
import type { Applied, LogRules } from '../../src/coordination/records.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { LogState } from '../../src/coordination/state.ts';
import { Vocabulary } from '../../src/coordination/vocabulary.ts';
import { notesChapter, sessionsChapter } from './notes-chapter.ts';
import {
  commandId,
  DEPLOYMENT,
  descriptorOf,
  entries,
  identityOf,
  idOfNumber,
  rules,
  START_MS,
  signed,
  trust,
} from './world.ts';

const chapters = [sessionsChapter, notesChapter, ...rules.chapters];
const full: LogRules = { deployment: DEPLOYMENT, trust, chapters };
const session = 'a'.repeat(64);
let count = 0;

const vouched = (body: Body, author: Vouched['author'] = 'party-ada', id = commandId(++count)): Vouched =>
  author === 'coordinator' ? { id, author, body } : { id, author, session, body };

const entry = (
  signedOnes: readonly Command[],
  vouchedOnes: readonly Vouched[],
  signer = 'coordinator',
): Uint8Array =>
  entryBytes({
    deployment: DEPLOYMENT,
    signed: signedOnes,
    vouched: vouchedOnes,
    coordinator: identityOf(signer as 'coordinator'),
  });

const opened = (endsMs = START_MS + 1_000_000): Vouched =>
  vouched({ kind: 'openSession', session, holder: 'party-ada', endsMs }, 'coordinator');

const told = (applied: readonly Applied[]): string[] =>
  applied.map(({ outcome }) => (outcome.ok ? 'ok' : outcome.error.code));

const write = (text: string): Body => ({ kind: 'write', text });

/** A state of all chapters in which ada's session is open. */
function started(state = new LogState(full), log = entries()) {
  const say = (data: Uint8Array, timeMs?: number) => state.apply(log.next(data, timeMs));
  assert.deepEqual(told(say(entry([], [opened()]))), ['ok']);
  return { state, say, notes: () => [...state.table<{ text: string }>('notes', 'note').entries()] };
}

test('one entry holds commands of several, each with its own outcome and answer, in their order', () => {
  const { state, say } = started();
  const create = signed('party-analyst', { kind: 'create', descriptor: descriptorOf() }, commandId(1000));
  const applied = say(
    entry([create], [vouched(write('one')), vouched({ kind: 'burn', how: 'refuse' }), vouched(write('two'))]),
  );
  assert.deepEqual(told(applied), ['ok', 'ok', 'notes.burnt', 'ok']);
  assert.deepEqual(
    applied.map(({ index, outcome }) => [index, outcome.ok ? outcome.answer : undefined]),
    [
      [0, { status: 'open' }],
      [1, { number: 1 }],
      [2, undefined],
      [3, { number: 2 }],
    ],
  );
  assert.deepEqual(state.counters, { accepted: 4, refused: 1, duplicates: 0, skipped: 0, passed: 0 });
});

test('a command told again, in the same entry or another, under another session too, gets its first answer', () => {
  const { state, say, notes } = started();
  const once = vouched(write('once'));
  const again = { ...once, session: 'b'.repeat(64) };
  const applied = [...say(entry([], [once, once])), ...say(entry([], [again]))];
  assert.deepEqual(
    applied.map(({ outcome, duplicate }) => [outcome.ok && outcome.answer, duplicate]),
    [
      [{ number: 1 }, false],
      [{ number: 1 }, true],
      [{ number: 1 }, true],
    ],
  );
  assert.equal(notes().length, 1);
  assert.deepEqual(state.outcomeOf(once, true), { ok: true, sequence: 2, answer: { number: 1 } });
  assert.equal(state.outcomeOf(once, false), undefined, 'the party of that name has said nothing');
});

test('what a chapter changed before it refused or failed is undone', () => {
  const { state, say, notes } = started();
  say(entry([], [vouched(write('kept'))]));
  const before = JSON.stringify(state.snapshot().tables);
  const burnt = say(
    entry(
      [],
      (['throw', 'long', 'refuse'] as const).map((how) => vouched({ kind: 'burn', how })),
    ),
  );
  assert.deepEqual(told(burnt), ['command.chapter-fault', 'command.chapter-fault', 'notes.burnt']);
  assert.equal(JSON.stringify(state.snapshot().tables), before);
  assert.equal(notes().length, 1);
});

test('an account speaks under a session that is in force at log time, and for nobody else', () => {
  const { say } = started();
  assert.deepEqual(told(say(entry([], [vouched(write('hers')), vouched(write('his'), 'party-bob')]))), [
    'ok',
    'session.ended',
  ]);
  assert.deepEqual(told(say(entry([], [{ ...vouched(write('lost')), session: 'c'.repeat(64) }]))), [
    'session.ended',
  ]);
  assert.deepEqual(told(say(entry([], [vouched({ kind: 'swear' })]))), ['command.not-vouchable']);
  assert.deepEqual(
    told(
      say(
        entry(
          [],
          [
            vouched({
              kind: 'approve',
              collaboration: idOfNumber(0),
              attempt: 1,
              descriptor: '0'.repeat(64),
            }),
          ],
        ),
      ),
    ),
    ['command.not-vouchable'],
    'what counts for privacy is said by the party itself',
  );
  const late = vouched(write('late'));
  assert.deepEqual(told(say(entry([], [late]), START_MS + 1_000_000)), ['session.ended']);
  assert.deepEqual(
    told(say(entry([], [opened(START_MS + 9_000_000), late]))),
    ['ok', 'ok'],
    'said again under a new one',
  );
});

test('a chapter hears what another accepted, in the same step', () => {
  const { say, notes } = started();
  say(entry([], [vouched(write('one')), vouched(write('two'))]));
  assert.equal(notes().length, 2);
  assert.deepEqual(told(say(entry([], [vouched({ kind: 'closeSession', session })]))), ['ok']);
  assert.equal(notes().length, 0);
});

test('vouched commands that no coordinator signed, entries of another version and garbage are skipped one by one', () => {
  const { state, say, notes } = started();
  const good = signed('party-analyst', { kind: 'create', descriptor: descriptorOf() }, commandId(2000));
  const forged = { ...good, id: commandId(2001) };
  assert.deepEqual(told(say(entry([], [vouched(write('forged'))], 'party-acme'))), ['command.bad-signature']);
  assert.deepEqual(told(say(entry([forged, good], []))), ['command.bad-signature', 'ok']);
  const swapped = JSON.parse(utf8.decode(entry([], [vouched(write('a'))])));
  swapped.vouched.text = swapped.vouched.text.replace('"a"', '"b"');
  assert.deepEqual(told(say(utf8.encode(JSON.stringify(swapped)))), ['command.bad-signature']);
  const others = [
    '{"version":3}',
    '{"id":"0"}',
    '[]',
    'null',
    '',
    '{"version":2,"more":1}',
    '{"version":2,"signed":{}}',
  ];
  const codes = others.flatMap((text) => told(say(utf8.encode(text))));
  assert.deepEqual(codes, [
    'entry.unknown-version',
    'entry.unknown-version',
    'entry.unknown-version',
    'entry.unknown-version',
    'entry.malformed',
    'entry.malformed',
    'entry.malformed',
  ]);
  assert.deepEqual(told(say(entry([{ ...good, body: { kind: 'approve' } }], []))), ['command.bad-signature']);
  const bent = signCommand({
    deployment: DEPLOYMENT,
    identity: identityOf('dealer'),
    author: 'dealer',
    body: { kind: 'write' },
    id: commandId(3),
  });
  assert.deepEqual(told(say(entry([bent], []))), ['command.malformed']);
  const strange = { ...bent, body: { kind: 'dance' } };
  const dance = signCommand({
    deployment: DEPLOYMENT,
    identity: identityOf('dealer'),
    author: 'dealer',
    body: strange.body,
    id: commandId(3),
  });
  assert.deepEqual(told(say(entry([dance], []))), ['command.unknown-kind']);
  assert.equal(notes().length, 0);
  assert.deepEqual(state.counters, { accepted: 2, refused: 0, duplicates: 0, skipped: 12, passed: 1 });
});

test('who follows fewer chapters sees the same of those, and other commands pass by', () => {
  const few = new LogState(rules);
  const all = new LogState(full);
  const logs = [entries(), entries()] as const;
  const say = (data: Uint8Array): void => {
    few.apply(logs[0].next(data));
    all.apply(logs[1].next(data));
  };
  const id = commandId(7);
  const create = signed('party-analyst', { kind: 'create', descriptor: descriptorOf() }, id);
  const sameId = signCommand({
    deployment: DEPLOYMENT,
    identity: identityOf('party-analyst'),
    author: 'party-analyst',
    body: { kind: 'swear' },
    id,
  });
  say(entry([], [opened()]));
  say(entry([sameId, create], [vouched(write('passes'))]));
  assert.deepEqual(few.counters, { accepted: 1, refused: 0, duplicates: 0, skipped: 0, passed: 3 });
  assert.equal(all.counters.accepted, 4, 'an id belongs to a chapter');
  const seen = (state: LogState) =>
    JSON.stringify([...state.table('collaborations', 'collaborations').entries()]);
  assert.equal(seen(few), seen(all));
  assert.equal(few.snapshot().chain, all.snapshot().chain);
  assert.notEqual(stateDigest(few.snapshot()), stateDigest(all.snapshot()));
  assert.throws(() => new LogState(rules, all.snapshot()), { code: 'state.other' });
});

test('vouched commands of a chapter that is followed without sessions count for all who follow it, whatever became of the session', () => {
  const few = new LogState(rules);
  const { state, say } = started();
  const logs = entries();
  few.apply(logs.next(entry([], [opened()])));
  const create = vouched({ kind: 'create', descriptor: descriptorOf() }, 'party-analyst');
  const data = entry([], [{ ...create, session: 'e'.repeat(64) }]);
  assert.deepEqual(told(say(data)), ['ok']);
  assert.deepEqual(told(few.apply(logs.next(data))), ['ok']);
  assert.equal(state.table('collaborations', 'collaborations').size, 1);
});

test('chapters that do not go together are refused at the start', () => {
  assert.throws(() => new Vocabulary([notesChapter]), /follows those that it reads/);
  assert.throws(
    () => new Vocabulary([sessionsChapter, { ...sessionsChapter, name: 'other' }]),
    /one chapter at most/,
  );
  assert.throws(() => new Vocabulary([...chapters, { ...notesChapter, name: 'other' }]), /one chapter's/);
  assert.throws(() => new Vocabulary([...chapters, notesChapter]), /its own name/);
});
