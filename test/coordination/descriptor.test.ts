import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../src/base/limits.ts';
import { systemRandom } from '../../src/base/random.ts';
import { COMMAND_BYTES, commandBytes, signCommand } from '../../src/coordination/commands.ts';
import {
  buildDescriptor,
  checkDescriptor,
  collaborationId,
  type Descriptor,
  type DescriptorParts,
  descriptorDigest,
  inputParties,
  parseDescriptor,
  participantsOf,
} from '../../src/coordination/descriptor.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { DEADLINE_MS, descriptorOf, trust } from './world.ts';

const parts: DescriptorParts = {
  random: () => new Uint8Array(16),
  program: { kind: 'sql', text: 'SELECT 1' },
  plan: '0'.repeat(64),
  inputs: [
    { party: 'beta', table: 't', maxRows: 10 },
    { party: 'acme', table: 'u', maxRows: 20 },
    { party: 'acme', table: 't', maxRows: 20 },
  ],
  outputs: ['analyst', 'acme'],
  keys: trust,
  minGroupSize: 3,
  deadlineMs: DEADLINE_MS,
};

test('a descriptor is the same object in whatever order its parts were given', () => {
  const built = buildDescriptor(parts);
  let checked = 0;
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...parts.inputs], { minLength: 3 }),
      fc.shuffledSubarray([...parts.outputs], { minLength: 2 }),
      (inputs, outputs) => {
        const keys = Object.fromEntries(Object.entries(trust).reverse());
        const other = buildDescriptor({ ...parts, inputs, outputs, keys });
        assert.deepEqual(other, built);
        assert.equal(descriptorDigest(other), descriptorDigest(built));
        checked++;
      },
    ),
  );
  assert.ok(checked > 10);
  assert.deepEqual(
    built.inputs.map(({ party, table }) => `${party}.${table}`),
    ['acme.t', 'acme.u', 'beta.t'],
  );
  assert.deepEqual(built.outputs, ['acme', 'analyst']);
  assert.equal(collaborationId(descriptorDigest(built)).length, 20);
});

test('it holds the keys of its participants and of nobody else', () => {
  const built = buildDescriptor(parts);
  const participants = ['dealer', 'party-acme', 'party-analyst', 'party-beta', 'server-a', 'server-b'];
  assert.deepEqual(participantsOf(built), participants);
  assert.deepEqual(Object.keys(built.keys).sort(), participants);
  assert.deepEqual(inputParties(built), ['acme', 'beta']);
  assert.deepEqual(parseDescriptor(JSON.parse(JSON.stringify(built))), built);
});

test('equal queries have different ids, by their nonces', () => {
  const one = buildDescriptor({ ...parts, random: systemRandom });
  const two = buildDescriptor({ ...parts, random: systemRandom });
  assert.notEqual(descriptorDigest(one), descriptorDigest(two));
});

/** Table t of an earlier result, in which acme's rows are. */
const SOURCE = { table: 't', result: `${'0'.repeat(20)}.1`, parties: ['acme'] };

test('what no schema says is refused with its reason', () => {
  const good = descriptorOf();
  const key = createIdentity(systemRandom).publicKey;
  const { dealer: _, ...withoutDealer } = good.keys;
  const [acme, beta] = good.inputs as [Descriptor['inputs'][number], Descriptor['inputs'][number]];
  const cases: readonly (readonly [Partial<Descriptor>, string])[] = [
    [{ inputs: [beta, acme] }, 'descriptor.order'],
    [{ inputs: [acme, acme, beta] }, 'descriptor.order'],
    [{ inputs: [acme, { ...acme, maxRows: 1 }, beta] }, 'descriptor.order'],
    [{ outputs: ['beta', 'acme'] }, 'descriptor.order'],
    [{ outputs: ['analyst', 'analyst'] }, 'descriptor.order'],
    [{ keys: withoutDealer }, 'descriptor.key-missing'],
    [{ outputs: ['nobody'] }, 'descriptor.key-missing'],
    [{ inputs: [] }, 'descriptor.no-input'],
    [{ minimum: { parties: 3, waitMs: 1000 } }, 'descriptor.minimum'],
    [{ sources: [{ ...SOURCE, parties: ['beta', 'acme'] }] }, 'descriptor.order'],
    [{ sources: [{ ...SOURCE, table: 'u' }, SOURCE] }, 'descriptor.order'],
    [{ sources: [{ ...SOURCE, parties: ['nobody'] }] }, 'descriptor.key-missing'],
    [{ keys: { ...good.keys, 'party-other': key } }, 'descriptor.key-unknown'],
    [{ keys: { ...good.keys, coordinator: key } }, 'descriptor.key-unknown'],
    [{ keys: { ...good.keys, 'server-b': good.keys['server-a']! } }, 'descriptor.key-shared'],
    [{ inputs: [{ ...acme, maxRows: LIMITS.rows }, beta] }, 'descriptor.too-large'],
    [
      { outputs: Array.from({ length: LIMITS.parties }, (_, index) => `p${String(index).padStart(3, '0')}`) },
      'descriptor.too-large',
    ],
  ];
  for (const [change, code] of cases)
    assert.throws(
      () => checkDescriptor({ ...good, ...change }),
      { code },
      JSON.stringify(change).slice(0, 80),
    );
  assert.equal(cases.length, 17);
  checkDescriptor(good);
});

test('a malformed descriptor names the paths of its faults', () => {
  assert.throws(() => parseDescriptor({ ...descriptorOf(), nonce: 1, outputs: [] }), {
    code: 'descriptor.malformed',
    message: /nonce: .*outputs: /,
  });
  assert.throws(() => parseDescriptor({ ...descriptorOf(), note: 'x' }), {
    code: 'descriptor.malformed',
    message: /note/,
  });
  assert.throws(() => buildDescriptor({ ...parts, keys: {} }), { code: 'descriptor.key-missing' });
  assert.throws(() => buildDescriptor({ ...parts, inputs: [] }), { code: 'descriptor.no-input' });
});

test('a program is of a known kind, in its form and within its bound', () => {
  const good = buildDescriptor({ ...parts, program: { kind: 'circuit', name: 'aes_128', circuit: 'AAAA' } });
  assert.equal(good.program.kind, 'circuit');
  const cases: readonly unknown[] = [
    undefined,
    'SELECT 1',
    { kind: 'sql' },
    { kind: 'sql', text: '' },
    { kind: 'sql', text: 'SELECT 1', name: 'x' },
    { kind: 'code', text: 'process.exit()' },
    { kind: 'circuit', name: 'aes 128', circuit: 'AAAA' },
    { kind: 'circuit', name: 'aes_128', circuit: 'A*AA' },
    { kind: 'circuit', name: 'aes_128', circuit: 'A'.repeat(LIMITS.programCharacters + 4) },
    { kind: 'plan', name: 'p', plan: '' },
    { kind: 'plan', name: 'p', plan: {} },
  ];
  for (const program of cases)
    assert.throws(() => parseDescriptor({ ...good, program }), { code: 'descriptor.malformed' });
});

test('the longest program fits one command beside as many parties as may take part', () => {
  const names = Array.from(
    { length: LIMITS.parties },
    (_, k) => `${'p'.repeat(60)}-${String(k).padStart(3, '0')}`,
  );
  const addresses = ['server-a', 'server-b', 'dealer', ...names.map((name) => `party-${name}`)];
  const descriptor = buildDescriptor({
    ...parts,
    program: { kind: 'circuit', name: 'c'.repeat(64), circuit: 'A'.repeat(LIMITS.programCharacters) },
    inputs: names.map((party) => ({ party, table: 't'.repeat(64), maxRows: 100_000 })),
    outputs: names,
    keys: Object.fromEntries(addresses.map((address) => [address, createIdentity(systemRandom).publicKey])),
  });
  const body = { kind: 'create', descriptor } as const;
  const author = `party-${names[0]}` as const;
  const identity = createIdentity(systemRandom);
  const command = signCommand({ deployment: 'd'.repeat(64), identity, author, body, id: '0'.repeat(32) });
  const { length } = commandBytes(command);
  assert.ok(length <= COMMAND_BYTES, `${length} bytes`);
});
