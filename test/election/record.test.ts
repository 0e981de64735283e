import assert from 'node:assert/strict';
import test from 'node:test';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import { electionChart } from '../../roles/election.ts';
import { BallotType } from '../../src/ballot/election-type.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type CheckedRecord, checkRecord, recordLine } from '../../src/election/record.ts';
import { draws } from '../support/ballots.ts';
import { ElectionWorld, finish, REGISTRAR } from './world.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const VOTERS = 24;
const type = new BallotType({ kind: 'oneOf', options: 3 });

/** An election in which some vote again, one never, and one badly. */
function held(): { readonly world: ElectionWorld; readonly plain: number[] } {
  const world = new ElectionWorld(systemRandom, { kind: 'oneOf' }, ['a', 'b', 'c'], VOTERS, type);
  const servers = world.opened();
  const caster = world.caster();
  const choices: number[] = [];
  for (let voter = 1; voter < VOTERS; voter++) {
    const { identity } = world.voter(voter);
    const ballots = [caster.cast(voter, identity, 1, voter % 3, systemRandom)];
    if (voter % 4 === 0) ballots.push(caster.cast(voter, identity, 2, 0, systemRandom));
    choices.push(voter % 4 === 0 ? 0 : voter % 3);
    for (const ballot of ballots) for (const server of servers) server.take(ballot);
    if (voter % 8 === 0) servers[voter % 3]?.box([...servers[0]!.held.values()]);
  }
  servers[1]?.box([...servers[1].held.values()]);
  world.close();
  finish(world, servers);
  return { world, plain: plainCount(3, choices) };
}

const bytesOf = (world: ElectionWorld): Uint8Array =>
  new TextEncoder().encode(world.commands.map(recordLine).join(''));

const check = (world: ElectionWorld, bytes: Uint8Array): CheckedRecord =>
  checkRecord(bytes, world.identityOf(REGISTRAR).publicKey, electionChart);

function refusalOf(world: ElectionWorld, bytes: Uint8Array): string {
  try {
    check(world, bytes);
  } catch (error) {
    if (error instanceof MpcError) return error.code;
    throw error;
  }
  return 'accepted';
}

const { world, plain } = held();

test('a record holds offline, and its result is the plain count', () => {
  const checked = check(world, bytesOf(world));
  assert.equal(checked.status, 'published');
  assert.deepEqual(
    checked.result.map(({ sum }) => sum),
    plain,
  );
  assert.equal(checked.counted, VOTERS - 1);
  assert.equal(checked.replaced, 5);
  assert.equal(
    plain.reduce((sum, one) => sum + one, 0),
    checked.counted,
  );
});

test('each of 1,000 random changes of one byte is found', () => {
  const { below } = draws(seed);
  const bytes = bytesOf(world);
  let found = 0;
  for (let change = 0; change < 1000; change++) {
    const at = below(bytes.length);
    const changed = bytes.slice();
    changed[at] = (changed[at]! + 1 + below(255)) % 256;
    const code = refusalOf(world, changed);
    assert.match(code, /^record\./, `byte ${at} of ${bytes.length} became ${changed[at]}, seed ${seed}`);
    found++;
  }
  assert.equal(found, 1000);
});

test('a record without one of its lines, with one twice, cut off, or with space added does not hold', () => {
  const lines = world.commands.map(recordLine);
  const encode = (some: readonly string[]): Uint8Array => new TextEncoder().encode(some.join(''));
  let checked = 0;
  for (let at = 0; at < lines.length; at++) {
    assert.notEqual(
      refusalOf(world, encode(lines.filter((_, other) => other !== at))),
      'accepted',
      `line ${at + 1} left out`,
    );
    assert.equal(refusalOf(world, encode([...lines, lines[at]!])), 'record.repeated');
    checked++;
  }
  assert.ok(checked > 15);
  const whole = lines.join('');
  for (const text of [
    whole.slice(0, -1),
    `${whole}\n`,
    ` ${whole}`,
    whole.replace('\n', '\r\n'),
    whole.replace(':', ': '),
    `\ufeff${whole}`,
    '',
  ])
    assert.notEqual(refusalOf(world, new TextEncoder().encode(text)), 'accepted');
});

test("another registrar's election does not pass for this one's", () => {
  const other = world.identityOf('party-stranger').publicKey;
  assert.throws(() => checkRecord(bytesOf(world), other, electionChart), { code: 'record.other-registrar' });
});
