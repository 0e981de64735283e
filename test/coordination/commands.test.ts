import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/base/bytes.ts';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import {
  COMMAND_BYTES,
  commandBytes,
  commandDigest,
  derivedCommandId,
  newCommandId,
  parseCommand,
  signCommand,
  verifyCommand,
} from '../../src/coordination/commands.ts';
import { Vocabulary } from '../../src/coordination/vocabulary.ts';
import {
  commandId,
  DEPLOYMENT,
  descriptorOf,
  digestOfNumber,
  identityOf,
  idOfNumber,
  rules,
  signed,
  trust,
  wholeLife,
} from './world.ts';

const approve = () =>
  signed(
    'party-acme',
    { kind: 'approve', collaboration: idOfNumber(0), attempt: 1, descriptor: digestOfNumber(0) },
    commandId(1),
  );

const vocabulary = new Vocabulary(rules.chapters);

const faultOf = (value: unknown): string => {
  try {
    vocabulary.checked(parseCommand(utf8.encode(JSON.stringify(value))).body);
  } catch (error) {
    assert.ok(error instanceof MpcError);
    assert.equal(error.code, 'command.malformed');
    assert.ok(error.message.length < 3000, 'a fault is told in few words');
    return error.message;
  }
  return 'accepted';
};

test('every kind of command comes back from its bytes and keeps its signature', () => {
  const kinds = new Set<string>();
  for (const [author, body] of wholeLife()) {
    const command = signed(author, body, commandId(3));
    const parsed = parseCommand(commandBytes(command));
    assert.deepEqual(parsed, command);
    verifyCommand(DEPLOYMENT, parsed, trust[author]);
    kinds.add(body.kind);
  }
  assert.equal(kinds.size, 7);
});

test('a malformed command is refused with the path of each fault', () => {
  const command = approve();
  const create = signed('party-acme', { kind: 'create', descriptor: descriptorOf() }, commandId(1));
  const bent = (change: object): object => ({
    ...create,
    body: { ...create.body, descriptor: { ...descriptorOf(), ...change } },
  });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ ...command, id: 'short' }, /\bid: /],
    [{ ...command, author: 'root' }, /author: /],
    [{ ...command, signature: '' }, /signature: /],
    [{ ...command, extra: 1 }, /extra/],
    [{ ...command, body: { ...command.body, extra: 1 } }, /body: .*extra/],
    [{ ...command, body: { kind: 7 } }, /body\.kind: /],
    [{ ...command, body: { ...command.body, collaboration: '../..' } }, /body\.collaboration: /],
    [
      bent({ inputs: [{ party: 'acme', table: 't', maxRows: 0 }] }),
      /body\.descriptor\.inputs\[0\]\.maxRows: /,
    ],
    [bent({ keys: { 'server-a': 'SU' } }), /body\.descriptor\.keys\.server-a: /],
    [bent({ deadlineMs: 1.5 }), /body\.descriptor\.deadlineMs: /],
    [[], /\(top\): /],
    [null, /\(top\): /],
    [{ ...command, id: 1, author: 2, signature: 3, body: null }, /id: .*author: .*body: .*signature: /],
  ];
  for (const [value, message] of cases) assert.match(faultOf(value), message);
  assert.equal(cases.length, 13);
  assert.throws(() => vocabulary.checked({ kind: 'drop-table' }), { code: 'command.unknown-kind' });
});

test('hundreds of faults are told in few words, and never quote what was sent', () => {
  const inputs = Array.from({ length: 500 }, () => ({ party: 'THE SECRET', table: 't', maxRows: 1 }));
  const create = signed('party-acme', { kind: 'create', descriptor: descriptorOf() }, commandId(1));
  const message = faultOf({ ...create, body: { kind: 'create', descriptor: { ...descriptorOf(), inputs } } });
  assert.match(message, /and 492 more/);
  assert.doesNotMatch(message, /SECRET/);
});

test('bytes that are too many, not UTF-8, not JSON or nested without end are refused before they are read further', () => {
  const hostile = [
    new Uint8Array(COMMAND_BYTES + 1).fill(0x20),
    new Uint8Array([0xff, 0xfe]),
    new Uint8Array(),
    utf8.encode('{"id":'),
    utf8.encode('['.repeat(100_000)),
    utf8.encode(`${'{"body":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
    utf8.encode('{"__proto__":{"author":"dealer"}}'),
  ];
  for (const bytes of hostile) assert.throws(() => parseCommand(bytes), { code: 'command.malformed' });
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      assert.throws(() => parseCommand(utf8.encode(text)), { code: 'command.malformed' });
    }),
  );
});

test('a signature holds for one author, id, body and deployment', () => {
  const command = approve();
  verifyCommand(DEPLOYMENT, command, trust['party-acme']);
  const refused = { code: 'command.bad-signature' };
  const changes = [
    { ...command, author: 'party-beta' },
    { ...command, id: commandId(2) },
    { ...command, body: { ...command.body, collaboration: idOfNumber(1) } },
    {
      ...command,
      signature: `${command.signature.startsWith('A') ? 'B' : 'A'}${command.signature.slice(1)}`,
    },
  ] as (typeof command)[];
  for (const changed of changes)
    assert.throws(() => verifyCommand(DEPLOYMENT, changed, trust['party-acme']), refused);
  assert.throws(() => verifyCommand('production', command, trust['party-acme']), refused);
  assert.throws(() => verifyCommand(DEPLOYMENT, command, trust['party-beta']), refused);
  assert.throws(() => verifyCommand(DEPLOYMENT, command, 'UNOTAKEY'), refused);
  assert.throws(() => verifyCommand(DEPLOYMENT, command, undefined), { code: 'command.unknown-author' });
});

test('a text that the broker lets a client sign at login is never a command', () => {
  const { id, author, body } = approve();
  const texts = [
    canonicalJson({ deployment: DEPLOYMENT, id, author, body: body as Json }),
    `mpc/1 signed command\n${canonicalJson({ deployment: DEPLOYMENT, id, author, body: body as Json })}`,
    `\u00ffmpc/1 signed command\n${canonicalJson({ deployment: DEPLOYMENT, id, author, body: body as Json })}`,
  ];
  for (const text of texts) {
    const signature = Buffer.from(identityOf('party-acme').sign(utf8.encode(text))).toString('base64url');
    assert.throws(() => verifyCommand(DEPLOYMENT, { id, author, body, signature }, trust['party-acme']), {
      code: 'command.bad-signature',
    });
  }
});

test('a retry is the same command, and ids are new or follow from their cause', () => {
  assert.deepEqual(approve(), approve());
  const other = signCommand({
    deployment: DEPLOYMENT,
    identity: identityOf('party-acme'),
    author: 'party-acme',
    body: approve().body,
    id: commandId(9),
  });
  assert.notEqual(commandDigest(other), commandDigest(approve()));
  assert.match(newCommandId(systemRandom), /^[0-9a-f]{32}$/);
  assert.notEqual(newCommandId(systemRandom), newCommandId(systemRandom));
  assert.equal(derivedCommandId(['expire', 'x']), derivedCommandId(['expire', 'x']));
  assert.notEqual(derivedCommandId(['expire', 'x']), derivedCommandId(['expire', 'y']));
});

test('a failure with a long story reaches the log, shortened', () => {
  const long = 'é\ud83d'.repeat(5000);
  const place = { party: long, file: long, line: 3, column: long };
  const reason = { code: long, message: long, hint: long, place };
  const command = signed(
    'dealer',
    { kind: 'fail', collaboration: idOfNumber(0), attempt: 1, reason },
    commandId(1),
  );
  const parsed = parseCommand(commandBytes(command));
  verifyCommand(DEPLOYMENT, parsed, trust.dealer);
  assert.deepEqual(parsed, command);
  const plain = { code: 'a.b', message: 'm', place: { line: 1, column: 2 } };
  const short = signed(
    'dealer',
    { kind: 'fail', collaboration: idOfNumber(0), attempt: 1, reason: plain },
    commandId(1),
  );
  assert.deepEqual(short.body, { kind: 'fail', collaboration: idOfNumber(0), attempt: 1, reason: plain });
});
