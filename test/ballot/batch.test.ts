/** Batches say what ballots one by one do, and a bad one among them touches no other. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type BallotKind, BallotType, type Report, SERVERS } from '../../src/ballot/election-type.ts';
import { MpcError } from '../../src/base/errors.ts';
import { CONTEXT, draws, VERIFY_KEY } from '../support/ballots.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);

const ROWS: readonly (readonly [kind: BallotKind, ballots: number])[] = [
  [{ kind: 'yesNo' }, 700],
  [{ kind: 'oneOf', options: 5 }, 300],
  [{ kind: 'score', options: 3, max: 7 }, 20],
  [{ kind: 'oneOf', options: 1000 }, 3],
];

/** Ballots of voters k = 0, 1, …, as reports for each server; what they add up to is known. */
function box(
  kind: BallotKind,
  ballots: number,
): { type: BallotType; reports: Report[][]; total: (rows: number[]) => number[] } {
  const random = draws(seed);
  const type = new BallotType(kind);
  const reports: Report[][] = [[], [], []];
  for (let k = 0; k < ballots; k++) {
    const nonce = random.bytes(16);
    const choice =
      kind.kind === 'yesNo'
        ? k % 3 === 0
        : kind.kind === 'score'
          ? [k % 8, 1, 7]
          : k % (kind.kind === 'oneOf' ? kind.options : 1);
    const { publicShare, inputShares } = type.cast(choice, CONTEXT, nonce, random.bytes);
    for (const [server, inputShare] of inputShares.entries())
      reports[server]!.push({ nonce, publicShare, inputShare });
  }
  const total = (rows: number[]): number[] => {
    if (kind.kind === 'yesNo') return [rows.filter((k) => k % 3 === 0).length];
    if (kind.kind === 'score')
      return [rows.reduce((sum, k) => sum + (k % 8), 0), rows.length, 7 * rows.length];
    const counts = new Array<number>(kind.kind === 'oneOf' ? kind.options : 1).fill(0);
    for (const k of rows) counts[k % counts.length]!++;
    return counts;
  };
  return { type, reports, total };
}

for (const [kind, ballots] of ROWS) {
  test(`a batch of ${ballots} of ${Object.values(kind).join(' ')} is what the ballots are one by one`, () => {
    const { type, reports, total } = box(kind, ballots);
    const batches = reports.map((some, server) => type.prepareBatch(server, VERIFY_KEY, CONTEXT, some));
    const shares = batches.map(({ verifierShares }) => verifierShares);
    const combined = type.combineBatch(CONTEXT, ballots, shares);
    const size = type.sizes;
    const singles = reports.map((some, server) => type.prepare(server, VERIFY_KEY, CONTEXT, some));
    for (let row = 0; row < ballots; row++) {
      const ones = singles.map((outcomes) => {
        const one = outcomes[row]!;
        assert.ok('value' in one, 'refused');
        return one.value;
      });
      ones.forEach(({ verifierShare, state }, server) => {
        assert.deepEqual(rowOf(shares[server]!, row, size.verifierShare), verifierShare);
        assert.deepEqual(rowOf(batches[server]!.states.outShares, row, size.tallyShare), state.outShare);
      });
      const [message] = type.combine(CONTEXT, [ones.map(({ verifierShare }) => verifierShare)]);
      assert.ok('value' in message!, 'refused');
      assert.deepEqual(rowOf(combined.messages, row, size.message), message.value);
    }
    const rows = Array.from({ length: ballots }, (_, row) => row);
    const tallies = batches.map(({ states }) => {
      assert.equal(type.finishBatch(states, combined).size, 0);
      return type.addRowsToTally(type.emptyTally(), states, rows);
    });
    assert.deepEqual(type.combineTallies(tallies), total(rows));
  });
}

for (const kind of [{ kind: 'yesNo' }, { kind: 'oneOf', options: 3 }] satisfies BallotKind[]) {
  test(`bad ballots of ${Object.values(kind).join(' ')} in a batch are refused alone`, () => {
    const { type, reports, total } = box(kind, 12);
    const bend = (server: number, row: number, change: (report: Report) => Report): void => {
      reports[server]![row] = change(reports[server]![row]!);
    };
    bend(0, 2, (report) => ({ ...report, inputShare: report.inputShare.subarray(1) }));
    bend(0, 3, (report) => ({ ...report, inputShare: report.inputShare.slice().fill(255, 0, 16) }));
    bend(1, 5, (report) => ({ ...report, inputShare: report.inputShare.slice().fill(9, 0, 1) }));
    for (const server of [0, 1, 2]) bend(server, 7, (report) => ({ ...report, nonce: new Uint8Array(3) }));
    const batches = reports.map((some, server) => type.prepareBatch(server, VERIFY_KEY, CONTEXT, some));
    assert.deepEqual([...batches[0]!.states.refusals.keys()], [2, 3, 7]);
    assert.deepEqual([...batches[1]!.states.refusals.keys()], [7]);
    const combined = type.combineBatch(
      CONTEXT,
      12,
      batches.map(({ verifierShares }) => verifierShares),
    );
    const refused = batches.map(({ states }) =>
      [...type.finishBatch(states, combined).entries()].sort(([a], [b]) => a - b),
    );
    for (const some of refused)
      assert.deepEqual(
        some.map(([row]) => row),
        [2, 3, 5, 7],
      );
    assert.equal(refused[0]![2]![1].code, 'ballot.invalid');
    const rows = [0, 1, 4, 6, 8, 9, 10, 11];
    const tallies = batches.map(({ states }) => type.addRowsToTally(type.emptyTally(), states, rows));
    assert.deepEqual(type.combineTallies(tallies), total(rows));
    for (const { states } of batches)
      for (const row of states.refusals.keys())
        assert.deepEqual(rowOf(states.outShares, row, type.sizes.tallyShare), type.emptyTally());
  });
}

test('a server that used another joint randomness refuses the ballot when it gets the message', () => {
  const { type, reports } = box({ kind: 'oneOf', options: 3 }, 4);
  const batches = reports.map((some, server) => type.prepareBatch(server, VERIFY_KEY, CONTEXT, some));
  const combined = type.combineBatch(
    CONTEXT,
    4,
    batches.map(({ verifierShares }) => verifierShares),
  );
  combined.messages[type.sizes.message]! ^= 1;
  const refusals = type.finishBatch(batches[0]!.states, combined);
  assert.deepEqual(
    [...refusals].map(([row, { code }]) => [row, code]),
    [[1, 'ballot.joint-randomness']],
  );
});

test('runs of another number of ballots are refused as malformed', () => {
  const { type, reports } = box({ kind: 'oneOf', options: 3 }, 4);
  const batches = reports.map((some, server) => type.prepareBatch(server, VERIFY_KEY, CONTEXT, some));
  const shares = batches.map(({ verifierShares }) => verifierShares);
  const malformed = (error: unknown): boolean =>
    error instanceof MpcError && error.code === 'ballot.malformed';
  assert.throws(() => type.combineBatch(CONTEXT, 3, shares), malformed);
  assert.throws(
    () => type.combineBatch(CONTEXT, 4, [shares[0]!, shares[1]!, shares[2]!.subarray(1)]),
    malformed,
  );
  const combined = type.combineBatch(CONTEXT, 4, shares);
  assert.throws(
    () => type.finishBatch(batches[0]!.states, { ...combined, messages: combined.messages.subarray(1) }),
    malformed,
  );
  assert.equal(batches.length, SERVERS);
});

function rowOf(bytes: Uint8Array, row: number, size: number): Uint8Array {
  return bytes.slice(row * size, (row + 1) * size);
}
