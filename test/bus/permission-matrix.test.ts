/**
 * Logs in as everyone at a real broker, by NATS' own client, and says and asks to hear every subject of the grammar in everyone's name:
 * what arrives is what everyone may say under its own name, and nothing else.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser } from '@nats-io/nkeys';
import { connect, errors, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { permissionsOf } from '../../src/bus/permissions.ts';
import { type Address, type ElectionVerb, type Purpose, subjects } from '../../src/bus/subjects.ts';
import { withBroker } from '../support/broker.ts';
import { Collected } from './collected.ts';

const D = 'p';
const EVERYONE: readonly Address[] = [
  'coordinator',
  'dealer',
  'party-acme',
  'party-beta',
  'server-a',
  'server-b',
  'server-c',
];
const PURPOSES: readonly Purpose[] = ['tape', 'rows', 'compute', 'result', 'ballots'];
const VERBS: readonly ElectionVerb[] = ['ballots', 'ask', 'envelopes'];

/** Every kind of subject that the grammar knows from `from` to `to`, by the function that makes it. */
const GRAMMAR: Record<
  Exclude<keyof typeof subjects, 'log' | 'logStream' | 'entries'>,
  (to: Address, from: Address) => string[]
> = {
  submit: (to, from) => (to === 'coordinator' ? [subjects.submit(D, from)] : []),
  channel: (to, from) => PURPOSES.map((purpose) => subjects.channel(D, to, from, 'c1', purpose)),
  hello: (to, from) => [subjects.hello(D, to, from)],
  election: (to, from) => VERBS.map((verb) => subjects.election(D, to, from, verb, 'e1')),
  replicas: (to, from) => [
    ...(to === 'coordinator' ? [subjects.replicas(D, from)] : []),
    ...(from === 'coordinator' ? [subjects.replicas(D, to, 'answer')] : []),
  ],
  feed: (to, from) => [subjects.feed(D, to, from)],
  feedAgain: (to, from) => [subjects.feedAgain(D, to, from)],
  directory: (to, from) =>
    to === 'coordinator' ? [subjects.directory(D, from), subjects.directory(D, from, 'b')] : [],
  mail: (to, from) => [subjects.mail(D, to, from, 'l1')],
  snapshot: (to, from) =>
    to === 'coordinator' && from === 'coordinator' ? [subjects.snapshot(D), subjects.snapshot(D, 'b')] : [],
};

const said = (to: Address, from: Address): string[] => [
  ...new Set(Object.values(GRAMMAR).flatMap((make) => make(to, from))),
];

/** In the name of voters everyone may carry ballots and questions, and nothing else. */
const carried = (to: Address): string[] => [
  subjects.election(D, to, 'voter', 'ballots', 'e1'),
  subjects.election(D, to, 'voter', 'ask', 'e1'),
];

const LOG = subjects.logStream(D);
const READING = [`STREAM.INFO.${LOG}`, `DIRECT.GET.${LOG}`];
const MAKING = [`STREAM.CREATE.${LOG}`, `STREAM.UPDATE.${LOG}`];
/** From NATS' list of its JetStream API. */
const NOBODYS = [
  ...[
    'DELETE',
    'PURGE',
    'MSG.DELETE',
    'MSG.GET',
    'SNAPSHOT',
    'RESTORE',
    'LEADER.STEPDOWN',
    'PEER.REMOVE',
  ].map((verb) => `STREAM.${verb}.${LOG}`),
  'STREAM.CREATE.other',
  'STREAM.INFO.other',
  'STREAM.LIST',
  'STREAM.NAMES',
  'DIRECT.GET.other',
  `DIRECT.GET.${LOG}.${subjects.log(D)}`,
  'CONSUMER.CREATE.other.c',
  `CONSUMER.CREATE.${LOG}.c.x`,
  `CONSUMER.DELETE.${LOG}.c`,
  `CONSUMER.MSG.NEXT.${LOG}.c`,
  `CONSUMER.DURABLE.CREATE.${LOG}.c`,
  `CONSUMER.LIST.${LOG}`,
  'INFO',
  'META.LEADER.STEPDOWN',
  'SERVER.REMOVE',
];

interface Login {
  readonly me: Address;
  readonly connection: NatsConnection;
  readonly refused: Collected<string>;
  readonly heard: Collected<string>;
}

test('everyone says every subject in every name: its own arrive, all others are refused', {
  timeout: 120_000,
}, async () => {
  const pairs = new Map(EVERYONE.map((address) => [address, createUser()]));
  const trust = Object.fromEntries([...pairs].map(([address, pair]) => [address, pair.getPublicKey()]));
  await withBroker(
    async ({ url }) => {
      const logins: Login[] = [];
      for (const [me, pair] of pairs) logins.push(await login(url, me, pair.getSeed()));
      for (const { connection } of logins) await connection.flush();

      for (const login of logins) await speak(login);
      let arrived = 0;
      for (const { me, heard } of logins) {
        const expected = EVERYONE.flatMap((from) => said(me, from)).concat(
          EVERYONE.flatMap(() => carried(me)),
        );
        assert.deepEqual(
          [...(await heard.atLeast(expected.length))].sort(),
          expected.sort(),
          `what ${me} heard`,
        );
        arrived += expected.length;
      }
      assert.ok(arrived > 400, `many messages arrived: ${arrived}`);

      for (const login of logins) await listen(login);
      for (const { connection } of logins) await connection.close();
    },
    { users: permissionsOf(D, trust) },
  );
});

async function login(url: string, me: Address, seed: Uint8Array): Promise<Login> {
  const connection = await connect({
    servers: url,
    authenticator: nkeyAuthenticator(seed),
    inboxPrefix: `_INBOX.${me}`,
  });
  const login: Login = { me, connection, refused: new Collected(), heard: new Collected() };
  void (async () => {
    for await (const status of connection.status())
      if (status.type === 'error' && status.error instanceof errors.PermissionViolationError)
        login.refused.add(`${status.error.operation} ${status.error.subject}`);
  })();
  connection.subscribe(`mpc.${D}.${me}.>`, {
    callback: (error, message) => {
      if (error === null) login.heard.add(message.subject);
    },
  });
  return login;
}

/** Says everything, as everyone; what is refused has to be all but its own. */
async function speak({ me, connection, refused }: Login): Promise<void> {
  const others = EVERYONE.filter((address) => address !== me);
  const allowed = EVERYONE.flatMap((to) => [...said(to, me), ...carried(to)]);
  const isCoordinator = me === 'coordinator';
  const forbidden = [
    ...EVERYONE.flatMap((to) => others.flatMap((from) => said(to, from))),
    ...EVERYONE.map((to) => subjects.election(D, to, 'voter', 'envelopes', 'e1')),
    subjects.entries(subjects.log(D)),
    ...(isCoordinator ? [] : [subjects.log(D), ...MAKING.map((api) => `$JS.API.${api}`)]),
    ...NOBODYS.map((api) => `$JS.API.${api}`),
    ...others.map((other) => `_INBOX.${other}.answer`),
    `mpc.other.server-a.${me}.hello`,
    '$SYS.REQ.SERVER.PING',
    'anything',
    'said.last',
  ].filter((subject) => !allowed.includes(subject));
  const api = [...READING, ...(isCoordinator ? MAKING : [])].map((subject) => `$JS.API.${subject}`);
  // In the order of the connection: a refusal of what is allowed would come first.
  for (const subject of [...allowed, ...api, ...forbidden]) connection.publish(subject, '{}');
  await connection.flush();
  const expected = forbidden.map((subject) => `publish ${subject}`);
  assert.ok(expected.length > 400, `${me} tried much: ${expected.length}`);
  assert.deepEqual(
    [...(await until(refused, 'publish said.last'))].sort(),
    expected.sort(),
    `what ${me} may not say`,
  );
}

/** Asks to hear what is others'. */
async function listen({ me, connection, refused }: Login): Promise<void> {
  const before = refused.items.length;
  const others = EVERYONE.filter((address) => address !== me);
  const forbidden = [
    ...others.flatMap((to) => EVERYONE.flatMap((from) => said(to, from))),
    ...others.flatMap((other) => [`mpc.${D}.${other}.>`, `_INBOX.${other}.>`]),
    `mpc.${D}.*.${me}.>`,
    subjects.log(D),
    '_INBOX.>',
    'mpc.>',
    '$JS.>',
    '$SYS.>',
    '>',
    'asked.last',
  ];
  const unique = [...new Set(forbidden)];
  const own = [`mpc.${D}.${me}.>`, `_INBOX.${me}.x`, subjects.entries(subjects.log(D))];
  for (const subject of [...own, ...EVERYONE.flatMap((from) => said(me, from))])
    connection.subscribe(subject, { callback: () => {} });
  for (const subject of unique) connection.subscribe(subject, { callback: () => {} });
  await connection.flush();
  const expected = unique.map((subject) => `subscription ${subject}`);
  const all = await until(refused, 'subscription asked.last');
  assert.deepEqual(all.slice(before).sort(), expected.sort(), `what ${me} may not hear`);
}

/** Everything up to that item, which comes last. */
async function until(collected: Collected<string>, item: string): Promise<readonly string[]> {
  while (!collected.items.includes(item)) await collected.atLeast(collected.items.length + 1);
  return collected.items;
}
