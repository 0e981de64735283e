/** What a line typed in `mpc chat` means, and how what happens is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { HELP, parseChatLine, sayHappening } from '../../src/directory/client/chat-lines.ts';
import { accountFingerprint } from '../../src/directory/client/pins.ts';
import { person } from './played.ts';

test('a line is a word and what follows it; the last arrow says to whom', () => {
  const meanings: Record<string, object> = {
    '': { do: 'nothing' },
    '\\help': { do: 'help' },
    '  \\quit  ': { do: 'quit' },
    '\\list': { do: 'list', pattern: '*' },
    '\\list acme.*': { do: 'list', pattern: 'acme.*' },
    '\\send hello -> bob': { do: 'send', text: 'hello', to: 'bob' },
    '\\send a -> b -> bob': { do: 'send', text: 'a -> b', to: 'bob' },
    '\\send shall we?->#0123456789abcdef0123': { do: 'send', text: 'shall we?', to: '#0123456789abcdef0123' },
    '\\trust bob': { do: 'trust', account: 'bob' },
  };
  for (const [line, meaning] of Object.entries(meanings))
    assert.deepEqual(parseChatLine(line), meaning, line);
  for (const line of [
    'hello',
    '\\send hello',
    '\\send -> bob',
    '\\send hello -> Bob',
    '\\send x -> #12',
    '\\trust',
    '\\jump',
    '\\quit now',
  ])
    assert.equal(parseChatLine(line).do, 'explain', line);
  for (const word of ['help', 'list', 'send', 'logout', 'delete', 'quit', 'trust'])
    assert.ok(
      HELP.some((line) => line.startsWith(`\\${word}`)),
      word,
    );
});

test('a changed key is said loudly, with both fingerprints, and what came with it is not said to be proven', async () => {
  const [was, is] = [await person('bob'), await person('bob')].map(({ identity, sealing }) => ({
    signing: identity.publicKey,
    sealing,
  }));
  assert.ok(was !== undefined && is !== undefined);
  const message = { from: 'bob', to: ['ann'], id: '0'.repeat(32), sentMs: 0, text: 'it is me' };
  const lines = sayHappening(
    { kind: 'unproven', message, seen: { what: 'changed', was, is } },
    () => '12:00',
  );
  assert.ok(lines.every((line) => line.startsWith('!!!')));
  const all = lines.join('\n');
  for (const keys of [was, is]) assert.ok(all.includes(accountFingerprint(keys)));
  assert.match(all, /NOT PROVEN/);
  const fault = new MpcError('message.version', 'it is of version 2');
  assert.match(
    sayHappening({ kind: 'unreadable', from: 'bob', fault }, () => '')[0] ?? '',
    /^!!! .*version 2/,
  );
  assert.deepEqual(
    sayHappening({ kind: 'message', message, timeMs: 1 }, () => '12:00'),
    ['12:00 bob: it is me'],
  );
});

test('a fingerprint covers both keys', async () => {
  const [one, two] = [await person('a'), await person('b')].map(({ identity, sealing }) => ({
    signing: identity.publicKey,
    sealing,
  }));
  assert.ok(one !== undefined && two !== undefined);
  const mixed = [one, two, { ...one, sealing: two.sealing }, { ...two, sealing: one.sealing }].map(
    accountFingerprint,
  );
  assert.equal(new Set(mixed).size, 4);
  for (const text of mixed) assert.match(text, /^([a-z2-7]{4}-){4}[a-z2-7]{4}$/);
});
