import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ballotBoxMachine } from '../../roles/ballot-box.ts';
import { ballotServerMachine } from '../../roles/ballot-server.ts';
import { done, error, type Happening, play } from './play.ts';
import { assertWholeChart, walk } from './walk.ts';

const INPUT = { election: 'e'.repeat(20), server: 'server-b', deadlineMs: 5 };
const LOG = [
  'log.serversReady',
  'log.prepared',
  'log.opened',
  'log.closed',
  'log.frozen',
  'log.rootAgreed',
  'log.published',
  'log.cancelled',
  'log.disputed',
].map((type) => ({ type }));
const PEERS = ['peer.present', 'peer.away'].map((type) => ({ type, peer: 'server-a' }));

const OUTPUTS = {
  makeKeys: { sealingKey: 'k', signature: 's' },
  makeKeyShare: { commitment: 'c', sealed: {} },
  sealBox: { root: 'r', counted: 1, rejected: 0, history: 'h' },
  tallyBox: { root: 'r', fragment: 'f' },
};

test("every edge of a ballot box's chart is walked, and it comes to an end from everywhere", () => {
  const all = walk(ballotBoxMachine, { input: INPUT, events: () => [...LOG, ...PEERS], outputs: OUTPUTS });
  assertWholeChart(ballotBoxMachine, [all]);
});

test("every edge of the third server's chart is walked, and it can be stopped from everywhere", () => {
  const all = walk(ballotServerMachine, {
    events: () => [{ type: 'boot' }, { type: 'drain' }],
    isEnd: ({ value }) => value === 'stopped',
  });
  assertWholeChart(ballotServerMachine, [all]);
});

const log = (name: string): Happening => ({ type: `log.${name}` });
const kinds = ({ said }: ReturnType<typeof play>) =>
  said.map(({ action, params }) => (action === 'submit' ? params.kind : action));

test('a whole election at one server: what it says in the log, in order, and its keys destroyed at the end', () => {
  const run = play(ballotBoxMachine, INPUT, [
    done('makeKeys', OUTPUTS.makeKeys),
    log('serversReady'),
    done('makeKeyShare', OUTPUTS.makeKeyShare),
    log('prepared'),
    log('opened'),
    done('closeWhenDue'),
    log('closed'),
    done('flushBox'),
    log('frozen'),
    done('sealBox', OUTPUTS.sealBox),
    log('rootAgreed'),
    done('tallyBox', OUTPUTS.tallyBox),
    log('published'),
  ]);
  assert.deepEqual(kinds(run), [
    'election.ready',
    'election.keyed',
    'election.flushed',
    'election.sealed',
    'election.tallied',
    'destroyKeys',
  ]);
  assert.deepEqual(run.states, ['published']);
  assert.deepEqual(run.ignored, []);
});

test('the box is kept from its opening to the last fragment, whoever answers meanwhile', () => {
  const opened = [done('makeKeys', OUTPUTS.makeKeys), log('serversReady'), log('opened')];
  const away = { type: 'peer.away', peer: 'server-c' };
  const run = play(ballotBoxMachine, INPUT, [...opened, away, log('closed')]);
  assert.deepEqual(run.states, ['atWork.election.closing.flushing', 'atWork.peers.away']);
  assert.deepEqual(run.running, ['flushBox', 'keepBox']);
  const back = play(ballotBoxMachine, INPUT, [
    ...opened,
    away,
    log('closed'),
    { type: 'peer.present', peer: 'server-c' },
    log('frozen'),
    log('rootAgreed'),
  ]);
  assert.deepEqual(back.states, ['atWork.election.tallying', 'atWork.peers.present']);
  assert.deepEqual(back.running, ['keepBox', 'tallyBox']);
});

test('a server that cannot go on tells the log why, and keeps nothing running', () => {
  const run = play(ballotBoxMachine, INPUT, [
    done('makeKeys', OUTPUTS.makeKeys),
    log('opened'),
    error('keepBox', 'election.word'),
  ]);
  assert.deepEqual(run.states, ['failed']);
  assert.deepEqual(run.running, []);
  const last = run.said.at(-1);
  assert.equal(last?.params.kind, 'election.fail');
  assert.deepEqual(last?.params.reason, { code: 'election.word', message: 'it broke' });
});
