/**
 * Builds coordinator replicas with their HTTP faces on one memory bus, and ends them with the test. Tokens are known beforehand: who
 * logs in how is another part's matter.
 */
import { Compiler } from '../../bin/local/compiler.ts';
import { type CoordinatorFace, openCoordinatorFace } from '../../src/api/coordinator/open.ts';
import { serveReplica } from '../../src/api/coordinator/replica.ts';
import { hex, sha256, utf8 } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { ErrorReport } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus, Log } from '../../src/bus/bus.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { startCoordinatorService } from '../../src/coordination/service.ts';
import { directoryChapter } from '../../src/directory/chapter.ts';
import { openDirectoryDesk } from '../../src/directory/desk/desk.ts';
import { replicaPort } from '../../src/directory/port.ts';
import { DirectoryService } from '../../src/directory/service.ts';
import { secretFor } from '../../src/identity/identity.ts';
import { DEPLOYMENT, identityOf, rules, trust } from '../coordination/world.ts';
import { withLog } from '../support/changed-log.ts';

export const SQL =
  'CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 9)); SELECT COUNT(*), SUM(x) FROM t;';

export const tokenOf = (account: string): string => `token-of-${account}`.padEnd(24, '.');

export interface Served {
  readonly url: string;
  readonly face: CoordinatorFace;
  readonly follower: Follower;
  readonly directory: DirectoryService;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look at what they asked for.
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any form
  readonly body: any;
}

export interface FacesOptions {
  readonly replicas?: number;
  readonly requestsPerMinute?: number;
  /** With real accounts; otherwise everybody is signed in already, see `tokenOf`. */
  readonly accounts?: boolean;
  /** Whether those who are signed in already still are. */
  readonly isSignedIn?: () => boolean;
  /** Connects a replica to a real broker; to the memory bus without it. */
  readonly connect?: (name: string) => Promise<Bus>;
  /** Stands between a replica and its log. */
  readonly changeLog?: (log: Log) => Partial<Log>;
}

export class Faces {
  readonly hub = new MemoryHub({ seed: 1 });
  readonly served: Served[] = [];
  readonly troubles: ErrorReport[] = [];

  static async open(options: FacesOptions = {}): Promise<Faces> {
    const faces = new Faces();
    for (let at = 0; at < (options.replicas ?? 1); at++) await faces.add(options);
    return faces;
  }

  async add({
    requestsPerMinute = 100_000,
    changeLog,
    connect,
    accounts = false,
    isSignedIn,
  }: FacesOptions): Promise<void> {
    const name = `coordinator-${this.served.length}`;
    const connected = connect === undefined ? this.hub.connect(name) : await connect(name);
    const bus = withLog(connected, changeLog ?? (() => ({})));
    const followed = accounts ? withAccounts : rules;
    const follower = await followLog({ bus, ...followed });
    await follower.caughtUp;
    const identity = identityOf('coordinator');
    const service = await startCoordinatorService({
      bus,
      ...followed,
      identity,
      clock: systemClock,
      follower,
    });
    const face = await openCoordinatorFace({
      requestsPerMinute,
      describe: new Compiler().describe,
      onTrouble: (report) => this.troubles.push(report),
    });
    const log = await bus.log(subjects.logStream(DEPLOYMENT));
    const directory = new DirectoryService({
      port: replicaPort({ follower, service, lastEntry: () => log.last() }),
      clock: systemClock,
      random: systemRandom,
      pepper: secretFor(identity, 'passwords'),
    });
    const parts = { deployment: DEPLOYMENT, trust, clock: systemClock, follower, service, log, directory };
    serveReplica(accounts ? face : withTokens(face, isSignedIn), parts);
    const desk = openDirectoryDesk({
      bus,
      deployment: DEPLOYMENT,
      identity,
      replica: `r${this.served.length}`,
      requestsPerMinute,
      clock: systemClock,
      random: systemRandom,
      directory,
      descriptorOf: (id) => collaborationsIn(follower.state).collaboration(id)?.descriptor,
      onTrouble: (report) => this.troubles.push(report),
    });
    const url = await face.listen({ host: '127.0.0.1', port: 0 });
    const stop = async (): Promise<void> => {
      await face.close();
      directory.stop();
      desk.unsubscribe();
      await service.stop();
      follower.stop();
      await connected.close();
    };
    this.served.push({ url, face, follower, directory, stop });
  }

  url(at = 0): string {
    const url = this.served[at]?.url;
    if (url === undefined) throw new Error(`the test has no replica ${at}`);
    return url;
  }

  /** `POST /path`, as an account where one is named. */
  async ask(
    line: string,
    {
      as,
      body,
      headers = {},
      at = 0,
    }: { as?: string; body?: unknown; headers?: Record<string, string>; at?: number } = {},
  ): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ');
    const response = await fetch(`${this.url(at)}${path}`, {
      method,
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${tokenOf(as)}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    return answerOf(response);
  }

  async close(): Promise<void> {
    for (const { stop } of this.served) await stop();
    await this.hub.close();
  }
}

export async function withFaces(
  act: (faces: Faces) => Promise<void>,
  options: FacesOptions = {},
): Promise<void> {
  const faces = await Faces.open(options);
  try {
    await act(faces);
  } finally {
    await faces.close();
  }
}

export const newCollaboration = (changes: object = {}): object => ({
  program: SQL,
  inputs: [
    { party: 'acme', table: 't', maxRows: 20 },
    { party: 'beta', table: 't', maxRows: 10 },
  ],
  outputs: ['analyst'],
  deadline: new Date(Date.now() + 3_600_000).toISOString(),
  ...changes,
});

/** Everybody is signed in, and the log takes the coordinator's word for it. */
const withTokens = (
  face: CoordinatorFace,
  isSignedIn = (): boolean => true,
): Pick<CoordinatorFace, 'serve' | 'hear'> => ({
  hear: face.hear,
  serve: (replica) =>
    face.serve({
      ...replica,
      authenticate: (token) => {
        const account = /^token-of-([a-z0-9_-]+)\.*$/.exec(token)?.[1];
        const session = hex.encode(sha256(utf8.encode(token)));
        return account === undefined || !isSignedIn()
          ? undefined
          : { account, session, expiresMs: 0, acknowledged: 0 };
      },
    }),
});

const withAccounts = {
  ...rules,
  chapters: [...rules.chapters, directoryChapter({ deployment: DEPLOYMENT, trust })],
};

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
  };
}
