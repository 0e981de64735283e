/**
 * What a party's people say to others at its own client service, over real HTTP, with two replicas of the directory behind it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { components } from '../../src/api/calls/client-types.ts';
import { type ClientFace, openClientFace } from '../../src/api/client/open.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { Post } from '../../src/directory/client/post.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { localCalls } from '../directory/local-calls.ts';
import { acmeParty, DEPLOYMENT } from '../directory/played.ts';
import { type DirectoryReplica, Member, startDirectory } from '../directory/replicas.ts';
import { idleDesk } from './party-desk.ts';

type Schemas = components['schemas'];

const TOKEN = 'a-token-of-this-test-alone';
const LIMIT_MS = 120_000;
const ABOUT = 'c'.repeat(20);

interface Client {
  readonly post: Post;
  readonly disk: Disk;
  ask<Answer = Record<string, never>>(
    line: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: Answer; readonly text: string }>;
  /** Waits until its account stands, or its conversations are, like that. */
  until(found: (post: Schemas['Post']) => boolean): Promise<Schemas['Post']>;
  stop(): Promise<void>;
}

/** What a client keeps between runs. */
class Disk {
  readonly #files = new Map<string, string>();

  file(name: string) {
    const write = (text: string): void => void this.#files.set(name, text);
    const read = (): string | undefined => this.#files.get(name);
    return { read, write, append: (line: string) => write((read() ?? '') + line) };
  }
}

/** `takesPart`: names of who takes part in the one collaboration that the log knows. */
async function clientOf(
  member: Member,
  replicas: readonly DirectoryReplica[],
  {
    disk = new Disk(),
    takesPart = ['ann', 'bob'],
    isAway = (): boolean => false,
  }: { disk?: Disk; takesPart?: readonly string[]; isAway?: () => boolean } = {},
): Promise<Client> {
  const calls = localCalls(
    replicas.map(({ directory }) => directory),
    {
      lost: isAway,
      unheard: () => false,
      breaks: isAway,
    },
  );
  const post = new Post({
    calls: within(calls, takesPart),
    deployment: DEPLOYMENT,
    account: member.name,
    identity: member.person.identity,
    pins: disk.file('pins'),
    marks: disk.file('marks'),
    history: disk.file('history'),
    takesPart: (account, id) => id === ABOUT && takesPart.includes(account),
    clock: systemClock,
    random: systemRandom,
  });
  const troubles: unknown[] = [];
  const face: ClientFace = await openClientFace({
    requestsPerMinute: 100_000,
    authenticate: (token) =>
      token === TOKEN
        ? { account: member.name, session: '', expiresMs: Number.MAX_SAFE_INTEGER, acknowledged: 0 }
        : undefined,
    onTrouble: (report, about) => troubles.push({ report, about }),
  });
  const url = await face.listen({ host: '127.0.0.1', port: 0 });
  face.serve(idleDesk({ party: member.name, parties: () => ['ann', 'bob'], post }));
  post.start();
  const ask: Client['ask'] = async (line, body) => {
    const [method = '', path = ''] = line.split(' ');
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text), text };
  };
  return {
    post,
    disk,
    ask,
    until: async (found) => {
      const late = AbortSignal.timeout(LIMIT_MS);
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          const stop = post.watch(() => {
            stop();
            resolve();
          });
          setTimeout(resolve, 500).unref();
        });
        const { body } = await ask<Schemas['Post']>('GET /conversation');
        if (found(body)) return body;
        assert.ok(!late.aborted, `waited in vain: ${JSON.stringify(body)}`);
        await changed;
      }
    },
    stop: async () => {
      await face.close();
      await post.stop();
      assert.deepEqual(troubles, [], 'nothing was a fault of the program');
    },
  };
}

const within = (calls: DirectoryCalls, names: readonly string[]): DirectoryCalls => ({
  ...calls,
  participants: async () => names,
});

async function inWorld(
  act: (replicas: readonly DirectoryReplica[], people: { ann: Member; bob: Member }) => Promise<void>,
): Promise<void> {
  const hub = new MemoryHub({ seed: 7 });
  const replicas = [
    await startDirectory(hub.connect('coordinator')),
    await startDirectory(hub.connect('coordinator')),
  ];
  try {
    await act(replicas, { ann: await Member.make('ann'), bob: await Member.make('bob') });
  } finally {
    for (const replica of replicas) await replica.stop();
    await hub.close();
  }
}

const textsIn = async (client: Client, name: string): Promise<string[]> => {
  const { body } = await client.ask<Schemas['Reading']>(`GET /conversation/${encodeURIComponent(name)}`);
  return body.said.map(({ from, text }) => `${from}: ${text}`);
};

test('a party registers its account, and two talk, alone and about a collaboration, each word once', () =>
  inWorld(async (replicas, { ann, bob }) => {
    const anns = await clientOf(ann, replicas);
    const bobs = await clientOf(bob, replicas);
    try {
      for (const client of [anns, bobs]) {
        const none = await client.until(({ state }) => state === 'none');
        assert.deepEqual(none.conversations, []);
        const early = await client.ask('POST /conversation/bob', { text: 'hello' });
        assert.deepEqual([early.status, early.text.includes('account.not-here')], [409, true]);
        assert.equal((await client.ask('POST /account')).status, 204);
        await client.until(({ state }) => state === 'here');
      }
      const sent = await anns.ask<Schemas['Stored']>('POST /conversation/bob', { text: 'shall we?' });
      assert.deepEqual([sent.status, sent.body], [200, { to: ['bob'] }]);
      const heard = await bobs.until(({ conversations }) => conversations.length === 1);
      assert.deepEqual(
        heard.conversations.map(({ with: name, unread, last }) => [name, unread, last.text]),
        [['ann', 1, 'shall we?']],
      );
      assert.equal((await bobs.ask(`POST /conversation/%23${ABOUT}`, { text: 'yes, this one' })).status, 200);
      const both = await anns.until(({ conversations }) => conversations.length === 2);
      assert.deepEqual(
        both.conversations.map(({ with: name, unread }) => [name, unread]),
        [
          [`#${ABOUT}`, 1],
          ['bob', 0],
        ],
      );
      for (const client of [anns, bobs]) {
        assert.deepEqual(await textsIn(client, `#${ABOUT}`), ['bob: yes, this one']);
        assert.deepEqual(await textsIn(client, client === anns ? 'bob' : 'ann'), ['ann: shall we?']);
      }
      const [last] = both.conversations;
      await anns.ask(`PUT /conversation/%23${ABOUT}/read`, { number: last?.last.number });
      await anns.until(({ conversations }) => conversations.every(({ unread }) => unread === 0));
    } finally {
      for (const client of [anns, bobs]) await client.stop();
    }
  }));

test('who was away gets it later, once, and a client that starts again remembers what was said and read', () =>
  inWorld(async (replicas, { ann, bob }) => {
    await Promise.all([ann, bob].map((one) => one.register(replicas[0]!)));
    const anns = await clientOf(ann, replicas);
    const disk = new Disk();
    const before = await clientOf(bob, replicas, { disk });
    await Promise.all([anns, before].map((client) => client.until(({ state }) => state === 'here')));
    await anns.ask('POST /conversation/bob', { text: 'one' });
    const { conversations } = await before.until((post) => post.conversations.length === 1);
    await before.ask('PUT /conversation/ann/read', { number: conversations[0]?.last.number });
    await before.stop();
    await anns.ask('POST /conversation/bob', { text: 'two' });
    const after = await clientOf(bob, replicas, { disk });
    try {
      const now = await after.until((post) => post.conversations[0]?.last.text === 'two');
      assert.equal(now.conversations[0]?.unread, 1, 'the first has been read');
      assert.deepEqual(await textsIn(after, 'ann'), ['ann: one', 'ann: two']);
    } finally {
      for (const client of [anns, after]) await client.stop();
    }
  }));

test('a key that changed stops what is written and marks what comes, until its fingerprint was compared', () =>
  inWorld(async (replicas, { ann, bob }) => {
    await Promise.all([ann, bob].map((one) => one.register(replicas[0]!)));
    const anns = await clientOf(ann, replicas);
    await anns.until(({ state }) => state === 'here');
    await anns.ask('POST /conversation/bob', { text: 'hello' });
    const known = (await anns.ask<Schemas['LookedUp']>('GET /account/bob')).body;
    assert.equal(known.fingerprint, known.known);
    const next = await Member.make('bob');
    await rekey(replicas[0]!, bob, next);
    const bobs = await clientOf(next, replicas);
    try {
      await bobs.until(({ state }) => state === 'here');
      const refused = await anns.ask('POST /conversation/bob', { text: 'a secret' });
      assert.deepEqual([refused.status, refused.text.includes('account.key-changed')], [409, true]);
      await bobs.ask('POST /conversation/ann', { text: 'it is me' });
      await anns.until(({ conversations }) => conversations[0]?.last.fault === 'account.key-changed');
      const { body } = await anns.ask<Schemas['LookedUp']>('GET /account/bob');
      assert.deepEqual([body.known, body.fingerprint === body.known], [known.known, false]);
      const wrong = await anns.ask('PUT /account/bob/trust', { fingerprint: known.known });
      assert.deepEqual([wrong.status, wrong.text.includes('account.fingerprint')], [409, true]);
      assert.equal((await anns.ask('PUT /account/bob/trust', { fingerprint: body.fingerprint })).status, 200);
      assert.equal((await anns.ask('POST /conversation/bob', { text: 'welcome back' })).status, 200);
      await bobs.until(({ conversations }) => conversations[0]?.last.text === 'welcome back');
      assert.ok(!(await textsIn(bobs, 'ann')).includes('ann: a secret'));
    } finally {
      for (const client of [anns, bobs]) await client.stop();
    }
  }));

test('what names a collaboration that its sender takes no part in stays with its sender', () =>
  inWorld(async (replicas, { ann, bob }) => {
    await Promise.all([ann, bob].map((one) => one.register(replicas[0]!)));
    const anns = await clientOf(ann, replicas, { takesPart: ['ann', 'cyd'] });
    const bobs = await clientOf(bob, replicas);
    try {
      for (const client of [anns, bobs]) await client.until(({ state }) => state === 'here');
      await bobs.ask(`POST /conversation/%23${ABOUT}`, { text: 'the others have approved' });
      const { conversations } = await anns.until((post) => post.conversations.length === 1);
      assert.deepEqual([conversations[0]?.with, conversations[0]?.last.claims], ['bob', ABOUT]);
    } finally {
      for (const client of [anns, bobs]) await client.stop();
    }
  }));

test('a client whose coordinators are away says so, and is there again when they are', () =>
  inWorld(async (replicas, { ann, bob }) => {
    await Promise.all([ann, bob].map((one) => one.register(replicas[0]!)));
    let away = true;
    const anns = await clientOf(ann, replicas, { isAway: () => away });
    try {
      const { why } = await anns.until(({ state }) => state === 'away');
      assert.ok(why !== null);
      const refused = await anns.ask('POST /conversation/bob', { text: 'hello' });
      assert.deepEqual([refused.status, refused.text.includes('account.not-here')], [409, true]);
      away = false;
      await anns.until(({ state }) => state === 'here');
      assert.equal((await anns.ask('POST /conversation/bob', { text: 'hello' })).status, 200);
    } finally {
      await anns.stop();
    }
  }));

test('an account that another key opens is said to be so, and whoever has it is asked', () =>
  inWorld(async (replicas, { ann }) => {
    await ann.register(replicas[0]!);
    const other = await clientOf(await Member.make('ann'), replicas);
    try {
      const { why } = await other.until(({ state }) => state === 'refused');
      assert.equal(why?.code, 'account.bad-proof');
      const again = await other.ask('POST /account');
      assert.deepEqual([again.status, again.text.includes('account.exists')], [409, true]);
    } finally {
      await other.stop();
    }
  }));

test('what is malformed is refused without repeating a text', async () =>
  inWorld(async (replicas, { ann }) => {
    await ann.register(replicas[0]!);
    const anns = await clientOf(ann, replicas);
    try {
      await anns.until(({ state }) => state === 'here');
      for (const [line, body] of [
        ['POST /conversation/Bob', { text: 'canary' }],
        ['POST /conversation/%23abc', { text: 'canary' }],
        ['POST /conversation/ann', { text: 'canary', more: 'canary' }],
        ['POST /conversation/ann', { text: 'canary'.repeat(1000) }],
        ['POST /conversation/ann', { text: 'canary\u001b[2J' }],
        ['PUT /account/ann/trust', { fingerprint: 'canary' }],
      ] as const) {
        const { status, text } = await anns.ask(line, body);
        assert.deepEqual([status, text.includes('canary')], [400, false], `${line} ${text}`);
      }
      assert.equal((await anns.ask('POST /conversation/nobody', { text: 'canary' })).status, 404);
      assert.equal(anns.disk.file('history').read(), undefined);
    } finally {
      await anns.stop();
    }
  }));

async function rekey({ directory }: DirectoryReplica, before: Member, after: Member): Promise<void> {
  const session = await before.signIn({ directory });
  const atMs = Date.now();
  const keys = sayKeys({ deployment: DEPLOYMENT, account: before.name, ...after.person, nowMs: atMs });
  const statement = { kind: 'change', account: before.name, session: session.session, atMs } as const;
  const signature = signStatement(DEPLOYMENT, before.person.identity, statement);
  await directory.change(session, { keys }, { atMs, signature });
}

test("a party's name is registered by the key that is enrolled for it", () =>
  inWorld(async (replicas, { ann }) => {
    const party = Object.create(ann, {
      name: { value: 'acme' },
      person: { value: { ...ann.person, name: 'acme', identity: acmeParty } },
    }) as Member; // the enrolled key, with the rest of a member
    const acme = await clientOf(party, replicas);
    try {
      await acme.until(({ state }) => state === 'none');
      assert.equal((await acme.ask('POST /account')).status, 204);
      await acme.until(({ state }) => state === 'here');
      assert.equal((await acme.ask<Schemas['LookedUp']>('GET /account/acme')).body.party, true);
    } finally {
      await acme.stop();
    }
  }));
