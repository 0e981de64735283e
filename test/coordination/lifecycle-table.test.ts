/**
 * Every kind of command in every state of a collaboration, by one who may say it and by one who may not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import {
  bytesFor,
  commandId,
  DEADLINE_MS,
  descriptorOf,
  digestOfNumber,
  entries,
  idOfNumber,
  PlayedState,
  rules,
  wholeLife,
} from './world.ts';

type Said = readonly [Address, CommandBody];

const collaboration = idOfNumber(0);
const life = wholeLife(0);

/** How each state is reached. `delivering` and `delivered` are the two halves of `finished`. */
const PATHS: Readonly<Record<string, readonly Said[]>> = {
  nothing: [],
  open: life.slice(0, 1),
  registering: [life[0]!, life[2]!],
  collecting: [life[0]!, life[2]!, life[3]!],
  ready: life.slice(0, 7),
  running: life.slice(0, 9),
  delivering: life.slice(0, 11),
  delivered: life,
  failed: [
    life[0]!,
    ['dealer', { kind: 'fail', collaboration, attempt: 1, reason: { code: 'test.reason', message: 'no' } }],
  ],
  expired: [life[0]!, ['coordinator', { kind: 'expire', collaboration }]],
  cancelled: [life[0]!, ['party-analyst', { kind: 'cancel', collaboration }]],
};

const SAID: readonly Said[] = [
  ['party-analyst', { kind: 'create', descriptor: descriptorOf(0) }],
  ['party-acme', { kind: 'approve', collaboration, attempt: 1, descriptor: digestOfNumber(0) }],
  ['server-a', { kind: 'randomnessReady', collaboration, attempt: 1 }],
  ['party-acme', { kind: 'uploaded', collaboration, attempt: 1, rows: '1'.repeat(64) }],
  ['server-a', { kind: 'bound', collaboration, attempt: 1, binding: 'b'.repeat(64) }],
  ['server-a', { kind: 'resultStored', collaboration, attempt: 1, outputs: 'c'.repeat(64) }],
  ['party-analyst', { kind: 'received', collaboration, attempt: 1 }],
  ['dealer', { kind: 'fail', collaboration, attempt: 1, reason: { code: 'test.reason', message: 'no' } }],
  ['party-analyst', { kind: 'cancel', collaboration }],
  ['coordinator', { kind: 'expire', collaboration }],
  ['party-acme', { kind: 'register', collaboration, as: 'input' }],
  ['party-acme', { kind: 'withdraw', collaboration, attempt: 1 }],
  ['coordinator', { kind: 'close', collaboration, attempt: 1 }],
  ['party-analyst', { kind: 'rerun', collaboration, attempt: 2 }],
  ['coordinator', { kind: 'claimNotices', collaboration, party: 'acme', by: '0'.repeat(16) }],
  ['coordinator', { kind: 'noticesSent', collaboration, party: 'acme', upTo: 1 }],
];

/** new: a fact that changes something; same: accepted, told before; else the end of the refusal's code. */
const EXPECTED = `
               nothing  open          registering  collecting  ready       running     delivering  delivered  failed        expired       cancelled
create         new      exists        exists       exists      exists      exists      exists      exists     exists        exists        exists
approve        unknown  new           same         same        same        same        same        same       over          over          over
randomnessReady unknown new           new          new         same        same        same        same       over          over          over
uploaded       unknown  not-approved  new          new         same        same        same        same       not-approved  not-approved  not-approved
bound          unknown  too-early     too-early    too-early   new         same        same        same       too-early     too-early     too-early
resultStored   unknown  wrong-state   wrong-state  wrong-state wrong-state new         same        same       over          over          over
received       unknown  wrong-state   wrong-state  wrong-state wrong-state wrong-state new         same       over          over          over
fail           unknown  new           new          new         new         new         over        over       same          over          over
cancel         unknown  new           new          new         new         wrong-state over        over       over          over          same
expire         unknown  new           new          new         new         new         over        over       over          same          over
register       unknown  new           new          new         new         new         new         new        over          over          over
withdraw       unknown  same          new          new         wrong-state started     started     started    same          same          same
close          unknown  needs-all     needs-all    needs-all   needs-all   needs-all   needs-all   needs-all  needs-all     needs-all     needs-all
rerun          unknown  deadline-passed deadline-passed deadline-passed deadline-passed deadline-passed deadline-passed deadline-passed deadline-passed deadline-passed deadline-passed
claimNotices   unknown  nothing       nothing      nothing     nothing     nothing     nothing     nothing    nothing       nothing       nothing
noticesSent    unknown  nothing       nothing      nothing     nothing     nothing     nothing     nothing    nothing       nothing       nothing
`;

/** Commands are said after the deadline, so that only the state decides about `expire`. */
const afterDeadline = (index: number): number => DEADLINE_MS + index * 1000;

function reached(path: readonly Said[]): {
  readonly state: PlayedState;
  readonly say: (said: Said) => ReturnType<PlayedState['applyOne']>;
} {
  const state = new PlayedState(rules);
  const log = entries();
  let count = 0;
  const say = ([author, body]: Said) => {
    count++;
    // A collaboration is created before its deadline, everything else is said after it.
    const timeMs = body.kind === 'create' ? undefined : afterDeadline(count);
    return state.applyOne(log.next(bytesFor(author, body, commandId(count)), timeMs));
  };
  for (const said of path)
    assert.equal(say(said).outcome.ok, true, `the path to the state is accepted: ${said[1].kind}`);
  return { state, say };
}

function judged(path: readonly Said[], said: Said): string {
  const { state, say } = reached(path);
  const before = JSON.stringify(state.collaborations().map(({ lifecycle }) => lifecycle));
  const { outcome } = say(said);
  const after = JSON.stringify(state.collaborations().map(({ lifecycle }) => lifecycle));
  if (outcome.ok) return before === after ? 'same' : 'new';
  assert.equal(after, before, 'a refused command changes nothing');
  assert.ok(
    outcome.error.message.length > 0 && outcome.error.hint !== undefined,
    'a refusal says what to do',
  );
  return outcome.error.code;
}

test('every command in every state is accepted, repeated harmlessly or refused with its reason', () => {
  const [header, ...rows] = EXPECTED.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const outcomes = new Map<string, number>();
  for (const said of SAID) {
    const row = rows.find(([kind]) => kind === said[1].kind);
    assert.ok(row, `the table has a row for ${said[1].kind}`);
    header!.forEach((state, index) => {
      const expected = row[index + 1]!;
      const found = judged(PATHS[state]!, said);
      assert.equal(found.replace(/^(collaboration|notices)\./, ''), expected, `${said[1].kind} in ${state}`);
      outcomes.set(expected, (outcomes.get(expected) ?? 0) + 1);
    });
  }
  assert.equal(
    [...outcomes.values()].reduce((sum, count) => sum + count, 0),
    176,
  );
  assert.equal(outcomes.get('new'), 33);
  assert.equal(outcomes.get('same'), 27);
});

test('who is not named in the descriptor is refused in every state', () => {
  let checked = 0;
  for (const [state, path] of Object.entries(PATHS)) {
    for (const [, body] of SAID) {
      const expected =
        state === 'nothing' && body.kind !== 'create'
          ? 'collaboration.unknown'
          : body.kind === 'create' && state !== 'nothing'
            ? 'collaboration.exists'
            : 'command.not-allowed';
      assert.equal(judged(path, ['party-stranger', body]), expected, `${body.kind} in ${state}`);
      checked++;
    }
  }
  assert.equal(checked, 176);
});

test('a participant may not say what belongs to another part', () => {
  const wrong: readonly (readonly [Address, CommandBody['kind'], string])[] = [
    ['server-a', 'approve', 'collaboration.not-a-party'],
    ['party-acme', 'randomnessReady', 'collaboration.not-a-server'],
    ['dealer', 'randomnessReady', 'collaboration.not-a-server'],
    ['party-analyst', 'uploaded', 'collaboration.not-an-input-party'],
    ['dealer', 'bound', 'collaboration.not-a-server'],
    ['party-acme', 'resultStored', 'collaboration.not-a-server'],
    ['party-acme', 'received', 'collaboration.not-an-output-party'],
    ['coordinator', 'fail', 'command.not-allowed'],
    ['party-acme', 'cancel', 'collaboration.not-the-creator'],
    ['party-acme', 'expire', 'command.not-allowed'],
    ['server-a', 'expire', 'command.not-allowed'],
    ['coordinator', 'cancel', 'command.not-allowed'],
  ];
  for (const [author, kind, code] of wrong) {
    const body = SAID.find(([, candidate]) => candidate.kind === kind)![1];
    assert.equal(judged(PATHS.registering!, [author, body]), code, `${kind} by ${author}`);
  }
});

test('a server that binds its tape to other inputs ends the collaboration before anything is opened', () => {
  const { state, say } = reached(PATHS.ready!);
  const bind = (author: Address, binding: string) =>
    say([author, { kind: 'bound', collaboration, attempt: 1, binding }]);
  assert.equal(bind('server-a', 'b'.repeat(64)).statusAfter, 'ready');
  const second = bind('server-b', 'd'.repeat(64));
  assert.deepEqual([second.outcome.ok, second.statusBefore, second.statusAfter], [true, 'ready', 'failed']);
  assert.match(state.collaboration(collaboration)!.lifecycle.context.reason!.code, /binding/);
});

test('a whole life leaves the same digest however often it is told', () => {
  const once = reached(life).state;
  const again = reached(life).state;
  assert.equal(stateDigest(once.snapshot()), stateDigest(again.snapshot()));
  assert.equal(once.collaboration(collaboration)?.status, 'finished');
  const { state, say } = reached(life.slice(0, 4));
  for (const said of life.slice(1, 4)) assert.equal(say(said).outcome.ok, true);
  assert.equal(state.collaboration(collaboration)?.status, 'collecting');
});
