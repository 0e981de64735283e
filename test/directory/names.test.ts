/** Names, texts, patterns and passwords: what is taken, what is refused and why. */
import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { BOUNDS } from '../../src/directory/bounds.ts';
import { Listing } from '../../src/directory/listing.ts';
import { checkAccountName, checkText } from '../../src/directory/names.ts';
import { checkPassword, hashPassword, passwordFits } from '../../src/directory/password.ts';
import { patternOf } from '../../src/directory/pattern.ts';

const refusedWith = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;

test('a name is 1 to 64 of a-z 0-9 . _ -, and what only looks like one is refused by its code point', () => {
  for (const name of ['a', 'acme', 'a.b_c-d', '0', 'x'.repeat(64)])
    assert.equal(checkAccountName(name), name);
  for (const name of ['', 'A', 'a b', 'x'.repeat(65), 'a/b', 'ä', 'ａ', 'раyраl', 'a\u200d', 'a\n'])
    assert.throws(() => checkAccountName(name), refusedWith('name.invalid'), JSON.stringify(name));
  assert.throws(() => checkAccountName('аcme'), /U\+0430/);
});

test('a text is up to 4 KiB of UTF-8 without control characters', () => {
  for (const text of ['hello', '你好 👩‍👩‍👧', 'x'.repeat(4096), 'é'.repeat(2048)])
    assert.equal(checkText(text), text);
  const faults = {
    'text.empty': [''],
    'text.too-long': ['x'.repeat(4097), 'é'.repeat(2049)],
    'text.control-character': [
      'a\nb',
      'a\u0000',
      '\u001b[2J',
      '\u009b2J',
      'a\u007f',
      'a\u202eb',
      'a\u2066b',
      'a\u2028b',
    ],
    'text.not-unicode': ['a\ud800', '\udc00b'],
  };
  for (const [code, texts] of Object.entries(faults))
    for (const text of texts) assert.throws(() => checkText(text), refusedWith(code), JSON.stringify(text));
});

/** What a pattern means, as plainly as it can be said. */
const plainly = (pattern: string, name: string): boolean => {
  if (pattern === '') return name === '';
  if (pattern[0] === '*')
    return [...'x'.repeat(name.length + 1)].some((_, at) => plainly(pattern.slice(1), name.slice(at)));
  return (
    name !== '' && (pattern[0] === '?' || pattern[0] === name[0]) && plainly(pattern.slice(1), name.slice(1))
  );
};

test('patterns mean what they say', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 7 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 7 });
  let matched = 0;
  fc.assert(
    fc.property(pattern, name, (wanted, given) => {
      const matches = patternOf(wanted).matches(given);
      if (matches) matched++;
      assert.equal(matches, plainly(wanted, given));
    }),
    { numRuns: 3000 },
  );
  assert.ok(matched > 100, `${matched} pairs matched`);
});

test('no pattern makes a name cost more than its own length', () => {
  const name = 'a'.repeat(64);
  for (const text of [
    '*'.repeat(128),
    '*a'.repeat(64),
    `${'a*'.repeat(63)}b`,
    '?*'.repeat(64),
    `${'*a'.repeat(60)}*b`,
    'a'.repeat(128),
  ]) {
    let steps = 0;
    patternOf(text, () => steps++).matches(name);
    assert.ok(steps <= name.length, `${steps} steps for ${text}`);
  }
  assert.throws(() => patternOf('*'.repeat(129)), refusedWith('pattern.invalid'));
});

test('a list is paged in order, whatever is added and removed, and one request looks at a bounded number of names', () => {
  const names = Array.from({ length: 5000 }, (_, number) => `n${(number * 7919) % 5000}`);
  const listing = new Listing(names.slice(0, 2500));
  for (const name of names) listing.add(name);
  for (const name of names.slice(0, 1000)) listing.remove(name);
  const left = names.slice(1000).sort();
  assert.equal(listing.size, 4000);
  for (const wanted of ['*', 'n1*', '*99', 'n?7', 'zebra*', '*zebra']) {
    const pattern = patternOf(wanted);
    const found: string[] = [];
    let pages = 0;
    for (let after: string | undefined; ; pages++) {
      const page = listing.page(pattern, after, 100);
      found.push(...page.names);
      if (page.next === undefined) break;
      after = page.next;
    }
    assert.deepEqual(
      found,
      left.filter((name) => plainly(wanted, name)),
      wanted,
    );
    assert.ok(pages <= 4000 / 100 + 1);
  }
  let looked = 0;
  listing.page(
    patternOf('*zebra', () => looked++),
    undefined,
    100,
  );
  assert.ok(looked > 0 && looked <= BOUNDS.looked * 5);
});

test("a password is hashed by scrypt with the coordinators' own key, and only it fits", async () => {
  const pepper = new Uint8Array(32).fill(1);
  const hashed = await hashPassword('correct horse', pepper, 'an occasion');
  assert.match(hashed, /^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
  assert.equal(await hashPassword('correct horse', pepper, 'an occasion'), hashed, 'a retry says the same');
  assert.notEqual(await hashPassword('correct horse', pepper, 'another'), hashed);
  assert.ok(await passwordFits('correct horse', pepper, hashed));
  assert.ok(!(await passwordFits('correct horsf', pepper, hashed)));
  assert.ok(!(await passwordFits('correct horse', new Uint8Array(32).fill(2), hashed)));
  // Without the coordinators' key the log's hash cannot even be tried against.
  const [, , , , salt, hash] = hashed.split('$');
  const bare = scryptSync('correct horse', Buffer.from(salt ?? '', 'base64url'), 32, {
    N: 2 ** 15,
    r: 8,
    p: 3,
    maxmem: 2 ** 26,
  });
  assert.notEqual(bare.toString('base64url'), hash);
  assert.throws(() => checkPassword('short'), refusedWith('password.too-short'));
  assert.throws(() => checkPassword('x'.repeat(1025)), refusedWith('password.too-long'));
});

test('an accent typed in one piece or two is the same password', async () => {
  const pepper = new Uint8Array(32);
  const hashed = await hashPassword('caf\u00e9 au lait', pepper, 'x');
  assert.ok(await passwordFits('cafe\u0301 au lait', pepper, hashed));
});
