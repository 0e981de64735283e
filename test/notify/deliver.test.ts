/**
 * Owns the promise that endpoints are told of every change, at least once, signed and numbered, over real HTTP, by replicas of
 * which any may die; and that one endpoint waits for no other.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { type ErrorReport, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { type Notice, noticeSchema, verifyNotice } from '../../src/coordination/notice.ts';
import { deliverNotices } from '../../src/notify/deliver.ts';
import type { Resolve } from '../../src/notify/put.ts';
import { type Replica, startReplica, submit } from '../coordination/replica.ts';
import {
  commandId,
  DEPLOYMENT,
  descriptorOf,
  identityOf,
  idOfNumber,
  trust,
  wholeLife,
} from '../coordination/world.ts';

/** An endpoint that answers what it is told to answer. */
class Endpoint {
  readonly heard: { readonly path: string; readonly notice: Notice }[] = [];
  answer = 204;
  location: string | undefined;
  /** Never answers while set. */
  isSilent = false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        assert.equal(request.method, 'PUT');
        const notice = noticeSchema.parse(JSON.parse(utf8.decode(Buffer.concat(pieces))));
        this.heard.push({ path: request.url ?? '', notice });
        if (this.isSilent) return;
        response.writeHead(this.answer, this.location === undefined ? {} : { location: this.location });
        response.end();
      });
    });
  }

  static async open(): Promise<Endpoint> {
    const endpoint = new Endpoint();
    await new Promise<void>((done) => endpoint.#server.listen(0, '127.0.0.1', done));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Statuses in the order in which they first came. */
  get statuses(): string[] {
    const byNumber = new Map(this.heard.map(({ notice }) => [notice.sequence, notice.status]));
    return [...byNumber].sort(([a], [b]) => a - b).map(([, status]) => status);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const ID = idOfNumber(0);
const life = wholeLife(0);
const ALL = ['registering', 'collecting', 'ready', 'running', 'finished'];
/** Pauses between tries are short. */
const quick: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) };

interface Telling {
  readonly troubles: ErrorReport[];
  stop(): Promise<void>;
}

class Deployment {
  readonly hub = new MemoryHub({ seed: 1 });
  readonly #ends: (() => Promise<void> | void)[] = [];
  #said = 0;

  async replica(): Promise<Replica> {
    const replica = await startReplica(this.hub.connect('coordinator'));
    this.#ends.push(() => replica.stop());
    return replica;
  }

  tell(
    { follower }: Replica,
    allow: readonly string[],
    changes: { resolve?: Resolve; allowLocal?: boolean; clock?: Clock } = {},
  ): Telling {
    const over = new AbortController();
    const troubles: ErrorReport[] = [];
    const bus = this.hub.connect('coordinator');
    const running = deliverNotices({
      deployment: DEPLOYMENT,
      identity: identityOf('coordinator'),
      state: collaborationsIn(follower.state),
      submit: async (body, id) => {
        await submit(bus, 'coordinator', body, id).catch((error: unknown) => {
          if (!(error instanceof MpcError)) throw error;
        });
      },
      rules: { allow, allowLocal: changes.allowLocal ?? true },
      resolve: changes.resolve ?? (async () => []),
      clock: changes.clock ?? quick,
      random: systemRandom,
      onTrouble: (report) => troubles.push(report),
      signal: over.signal,
    });
    const stop = async (): Promise<void> => {
      over.abort(new MpcError('role.stopping', 'this role is stopping'));
      await running;
    };
    this.#ends.push(stop);
    return { troubles, stop };
  }

  async say(author: Parameters<typeof submit>[1], body: CommandBody): Promise<void> {
    await submit(this.hub.connect(author), author, body, commandId(++this.#said));
  }

  /** Creates the collaboration, registers parties with their endpoints, and says the rest of its life. */
  async live(endpoints: Readonly<Record<string, string>>): Promise<void> {
    await this.say('party-analyst', { kind: 'create', descriptor: descriptorOf(0) });
    for (const [party, notify] of Object.entries(endpoints)) {
      const as = party === 'analyst' ? 'output' : 'input';
      await this.say(`party-${party}`, { kind: 'register', collaboration: ID, as, notify });
    }
    for (const [author, body] of life.slice(1)) await this.say(author, body);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    this.hub.close();
  }
}

async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > deadlineMs) throw new Error(`it never came about that ${what}`);
    await systemClock.sleep(10);
  }
}

async function inDeployment(
  endpoints: number,
  run: (deployment: Deployment, ...told: Endpoint[]) => Promise<void>,
): Promise<void> {
  const deployment = new Deployment();
  const told = await Promise.all(Array.from({ length: endpoints }, () => Endpoint.open()));
  try {
    await run(deployment, ...told);
  } finally {
    for (const endpoint of told) endpoint.close();
    await deployment.close();
  }
}

const nothingLeft = ({ follower }: Replica): boolean =>
  Object.values(collaborationsIn(follower.state).collaboration(ID)?.notices ?? { x: { pending: [1] } }).every(
    ({ pending }) => pending.length === 0,
  );

test('every change of status is told, signed by the coordinator and numbered by the log, and then nothing is outstanding', () =>
  inDeployment(1, async (deployment, endpoint) => {
    const replica = await deployment.replica();
    deployment.tell(replica, [endpoint!.url]);
    await deployment.live({ analyst: `${endpoint!.url}/mpc` });
    await eventually('all is told', () => endpoint!.statuses.length === ALL.length && nothingLeft(replica));
    assert.deepEqual(endpoint!.statuses, ALL);
    for (const { path, notice } of endpoint!.heard) {
      assert.equal(path, `/mpc/notify/${ID}`);
      assert.deepEqual([notice.deployment, notice.party, notice.collaboration], [DEPLOYMENT, 'analyst', ID]);
      verifyNotice(notice, trust.coordinator);
      assert.throws(() => verifyNotice({ ...notice, status: 'failed' }, trust.coordinator), {
        code: 'notice.not-allowed',
      });
    }
  }));

test('an endpoint that fails, or does not answer, is told again until it has heard; another one waits for nothing', () =>
  inDeployment(3, async (deployment, broken, silent, well) => {
    const replica = await deployment.replica();
    broken!.answer = 500;
    silent!.isSilent = true;
    const { troubles } = deployment.tell(replica, [broken!.url, silent!.url, well!.url]);
    await deployment.live({ acme: broken!.url, beta: silent!.url, analyst: well!.url });
    // It registered after the first change.
    await eventually('the one that is well heard all', () => well!.statuses.length === ALL.length - 1);
    assert.ok(!nothingLeft(replica));
    await eventually('the broken one was tried again', () => broken!.heard.length > 3);
    assert.equal(
      new Set(broken!.heard.map(({ notice }) => notice.sequence)).size,
      1,
      'in order: the first is not told yet',
    );
    broken!.answer = 200;
    await eventually('the broken one heard all', () => broken!.statuses.length === ALL.length);
    assert.deepEqual(broken!.statuses, ALL);
    assert.ok(troubles.some(({ message }) => message.includes('answered 500')));
  }));

test('of two replicas one tells, so that each change is told once while nobody dies', () =>
  inDeployment(1, async (deployment, endpoint) => {
    const [first, second] = [await deployment.replica(), await deployment.replica()];
    deployment.tell(first, [endpoint!.url]);
    deployment.tell(second, [endpoint!.url]);
    await deployment.live({ analyst: endpoint!.url });
    await eventually('all is told', () => endpoint!.statuses.length === ALL.length && nothingLeft(second));
    assert.equal(endpoint!.heard.length, ALL.length, 'each once');
    const claim = { kind: 'claimNotices', collaboration: ID, party: 'analyst', by: '0'.repeat(16) } as const;
    const code = await deployment.say('coordinator', claim).then(
      () => '',
      (error: MpcError) => error.code,
    );
    assert.equal(code, 'notices.nothing', 'there is nothing to claim');
  }));

test('what a replica that died had claimed is told by another when the claim is over', () =>
  inDeployment(1, async (deployment, endpoint) => {
    const replica = await deployment.replica();
    await deployment.live({ analyst: endpoint!.url });
    await deployment.say('coordinator', {
      kind: 'claimNotices',
      collaboration: ID,
      party: 'analyst',
      by: 'f'.repeat(16),
    });
    const other = { kind: 'claimNotices', collaboration: ID, party: 'analyst', by: 'e'.repeat(16) } as const;
    await assert.rejects(deployment.say('coordinator', other), { code: 'notices.claimed' });
    deployment.tell(replica, [endpoint!.url]);
    await systemClock.sleep(400);
    assert.equal(endpoint!.heard.length, 0, 'while the claim is in force nobody else tells');
    const { notices } = collaborationsIn(replica.follower.state).collaboration(ID)!;
    assert.ok(notices.analyst!.claim!.untilMs > Date.now());
  }));

test('only a coordinator may say that something was told', () =>
  inDeployment(0, async (deployment) => {
    await deployment.replica();
    await deployment.live({ analyst: 'https://told.example' });
    const sent = { kind: 'noticesSent', collaboration: ID, party: 'analyst', upTo: 99 } as const;
    await assert.rejects(deployment.say('party-analyst', sent), { code: 'command.not-allowed' });
  }));

test('redirects are not followed, and an endpoint that is not listed or resolves to this machine is given up at once', () =>
  inDeployment(2, async (deployment, redirecting, inside) => {
    const replica = await deployment.replica();
    redirecting!.answer = 302;
    redirecting!.location = `${inside!.url}/notify/${ID}`;
    const named = inside!.url.replace('127.0.0.1', 'told.example');
    const { troubles } = deployment.tell(replica, [redirecting!.url, named], {
      allowLocal: false,
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    await deployment.live({ acme: 'https://unlisted.example', beta: named, analyst: redirecting!.url });
    await eventually('all are given up', () => nothingLeft(replica));
    assert.deepEqual([redirecting!.heard.length, inside!.heard.length], [0, 0], 'loopback is not told');
    assert.ok(troubles.every(({ code }) => code === 'notify.not-allowed'));
    assert.ok(troubles.length >= 3);
  }));

test('a redirect counts as a failure, and nobody goes where it points', () =>
  inDeployment(2, async (deployment, redirecting, inside) => {
    const replica = await deployment.replica();
    redirecting!.answer = 307;
    redirecting!.location = `${inside!.url}/notify/${ID}`;
    const { troubles } = deployment.tell(replica, [redirecting!.url, inside!.url]);
    await deployment.live({ analyst: redirecting!.url });
    await eventually('it was tried twice', () => redirecting!.heard.length >= 2);
    assert.equal(inside!.heard.length, 0);
    assert.ok(troubles.some(({ message }) => message.includes('redirects are not followed')));
  }));
