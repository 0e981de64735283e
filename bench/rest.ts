/**
 * Owns `npm run bench:rest`: how many GETs a second a coordinator's REST face answers, beside a bare node:http server that sends
 * the same bytes, in the same run on the same machine. A real broker, a real coordinator's process, real accounts.
 * `-- --json` prints one object; `-- --seconds N` measures each for that long; `-- --runs N`.
 */
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyPath, openDeployment, restUrl, writeReplicaConfig } from '../bin/local/deployment.ts';
import { ownBroker } from '../bin/local/own-broker.ts';
import { Processes } from '../bin/local/processes.ts';
import { answered, coordinatorCalls } from '../src/api/calls/calls.ts';
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { sayKeys, signStatement } from '../src/directory/statements.ts';
import { newToken, tokenDigest } from '../src/directory/token.ts';
import { loadIdentity } from '../src/identity/identity.ts';
import { sealingKeyOf } from '../src/identity/sealing.ts';
import { freePort, median, nextMessage } from './processes.ts';

const CONNECTIONS = 32;
const COLLABORATIONS = 100;
const SQL =
  'CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999)); SELECT COUNT(*), AVG(wage) FROM pay';

interface Rates {
  readonly name: string;
  readonly bytes: number;
  /** Requests a second. */
  readonly rest: number;
  readonly bare: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const option = (name: string, otherwise: number): number =>
  Number(process.argv[process.argv.indexOf(name) + 1]) || otherwise;
const [seconds, runs] = [option('--seconds', 3), option('--runs', 3)];
const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-'));
mkdirSync(join(directory, 'logs'));
const broker = await ownBroker(directory, undefined);
const processes = new Processes(join(import.meta.dirname, '../bin/mpc'), join(directory, 'logs'));
const bare = fork(join(import.meta.dirname, 'bare-http.ts'), { execArgv: ['--import', 'tsx'] });
try {
  const opened = openDeployment(directory, 'bench', [broker.url], ['acme', 'analyst'], systemRandom);
  const deployment = { ...opened, rest: await freePort() };
  const url = restUrl(deployment, 'coordinator') ?? '';
  const config = writeReplicaConfig(deployment, 'coordinator');
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('[api]', '[api]\nrequestsPerMinute = 1000000000'),
  );
  processes.start('coordinator', config);
  const token = await signedIn(url);
  const ids = await collaborations(url, token);
  const paths: readonly (readonly [string, string])[] = [
    ['one collaboration', `/collaboration/${ids[0]}`],
    ['a page of 100 collaborations', '/collaboration'],
    ['/ping', '/ping'],
  ];
  const rates: Rates[] = [];
  for (const [name, path] of paths) rates.push(await measured(name, url, path, token));
  if (process.argv.includes('--json'))
    process.stdout.write(
      `${JSON.stringify({ node: process.version, connections: CONNECTIONS, seconds, runs, rates })}\n`,
    );
  else print(rates);
} finally {
  bare.kill();
  await processes.stop();
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function measured(name: string, url: string, path: string, token: string): Promise<Rates> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}${path}`, { headers });
  const body = await answer.text();
  const ready = nextMessage(bare);
  bare.send({ body });
  const bareUrl = String(await ready);
  const [rest, plain]: [number[], number[]] = [[], []];
  let latencies: number[] = [];
  for (let run = 0; run < runs; run++) {
    const ours = await load(url, path, token);
    rest.push(ours.rate);
    latencies = latencies.concat(ours.latenciesMs);
    plain.push((await load(bareUrl, path, token)).rate);
  }
  latencies.sort((a, b) => a - b);
  const quantile = (share: number): number =>
    latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  return {
    name,
    bytes: body.length,
    rest: median(rest),
    bare: median(plain),
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

/** Each connection asks again as soon as it has its answer. Written on plain sockets: the client must not be the slower end. */
async function load(
  url: string,
  path: string,
  token: string,
): Promise<{ rate: number; latenciesMs: number[] }> {
  const { hostname, port } = new URL(url);
  const request = Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  const latenciesMs: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => ask(Number(port), request, untilMs, latenciesMs)),
  );
  return { rate: latenciesMs.length / ((performance.now() - startMs) / 1000), latenciesMs };
}

function ask(port: number, request: Buffer, untilMs: number, latenciesMs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let [sentMs, need, have] = [0, -1, 0];
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => send());
    const send = (): void => {
      sentMs = performance.now();
      socket.write(request);
    };
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.on('data', (data) => {
      have += data.length;
      if (need < 0) {
        const head = data.indexOf('\r\n\r\n');
        const text = data.toString('latin1', 0, head);
        const length = /content-length: (\d+)/i.exec(text)?.[1];
        if (!text.startsWith('HTTP/1.1 200') || length === undefined)
          return reject(new Error(text.slice(0, 200)));
        need = head + 4 + Number(length);
      }
      if (have < need) return;
      latenciesMs.push(performance.now() - sentMs);
      [need, have] = [-1, 0];
      if (performance.now() < untilMs) return send();
      socket.removeAllListeners('close');
      socket.end();
      resolve();
    });
  });
}

/** By the key of the party of that name. */
async function signedIn(url: string): Promise<string> {
  const account = 'analyst';
  const identity = loadIdentity(keyPath(directory, 'party-analyst'));
  const sealing = (await sealingKeyOf(identity)).publicKey;
  const calls = coordinatorCalls({ urls: [url], clock: systemClock, random: systemRandom });
  const {
    signing,
    atMs: saidMs,
    possession,
  } = sayKeys({ deployment: 'bench', account, identity, sealing, nowMs: Date.now() });
  const keys = { signing, sealing, atMs: saidMs, possession };
  answered(await calls.POST('/account', { body: { account, keys } }));
  const token = newToken(systemRandom);
  const [session, atMs] = [tokenDigest(token), Date.now()];
  const signature = signStatement('bench', identity, { kind: 'session', account, session, atMs });
  answered(await calls.POST('/session', { body: { account, session, atMs, signature } }));
  return token;
}

async function collaborations(url: string, token: string): Promise<string[]> {
  const calls = coordinatorCalls({ urls: [url], token, clock: systemClock, random: systemRandom });
  const body = {
    program: SQL,
    inputs: [{ party: 'acme', table: 'pay', maxRows: 100 }],
    outputs: ['analyst'],
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const ids: string[] = [];
  while (ids.length < COLLABORATIONS)
    ids.push(answered(await calls.POST('/collaboration', { body })).collaboration.id);
  return ids;
}

function print(rates: readonly Rates[]): void {
  process.stdout.write(
    `GETs a second over ${CONNECTIONS} connections, medians of ${runs} runs of ${seconds} s\n\n` +
      'asked for                          bytes      REST   bare node:http   ratio    p50 ms    p99 ms\n',
  );
  for (const { name, bytes, rest, bare: plain, p50, p99 } of rates)
    process.stdout.write(
      `${name.padEnd(32)}${String(bytes).padStart(8)}${rest.toFixed(0).padStart(10)}${plain.toFixed(0).padStart(17)}` +
        `${(rest / plain).toFixed(2).padStart(8)}${p50.toFixed(2).padStart(10)}${p99.toFixed(2).padStart(10)}\n`,
    );
}
