/**
 * Owns real roles for a browser to look at: `mpc up` with its broker, servers, dealer, coordinator and two parties' clients, as processes;
 * and asking the coordinator for a collaboration, as a party's program would. Everything is ended and removed with it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from '../../src/programs/program.ts';
import { mpc } from '../support/mpc.ts';
import { freePorts } from '../support/ports.ts';
import { ROOT } from '../support/rows.ts';

const PARTIES = ['acme', 'beta'] as const;
const START_MS = 240_000;
const AGAIN_MS = 250;

export interface Real {
  /** Where the configurations are: `party-acme.toml` and so on. */
  readonly directory: string;
  /** Where the coordinator answers. */
  readonly url: string;
  /** The address that `mpc page` prints. */
  pageOf(party: string): Promise<string>;
  /**
   * Opens a collaboration in which those bring up to 60 rows (`acme:payroll`; of a circuit exactly `acme:input-1:3`), and both parties
   * learn the result. Gives its id.
   */
  ask(program: string | Program, ...inputs: readonly string[]): Promise<string>;
  /** The same, which ends in a few seconds. */
  askBriefly(program: string, ...inputs: readonly string[]): Promise<string>;
  /** Takes it back, as its creator may. */
  cancel(id: string): Promise<void>;
  /** Ends a role's process (`party-beta`, `coordinator`) as its operator would, and starts it again. */
  stop(place: string): Promise<void>;
  start(place: string): void;
}

export async function withReal(act: (real: Real) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-page-'));
  const base = await freePorts();
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'bin/mpc'),
      'up',
      ...['--dir', directory, '--rest', String(base)],
      ...PARTIES.flatMap((party) => ['--party', party]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const own: ChildProcess[] = [];
  const url = (more: number): string => `http://127.0.0.1:${base + more}`;
  try {
    for (const more of [0, 10, 11])
      await answered(`${url(more)}/readyz`, () => child.exitCode !== null).catch((error) => {
        throw new Error(`${String(error)}\n${Buffer.concat(said).toString()}`);
      });
    const authorization = await signIn(url(0), url(10), directory);
    await act({
      directory,
      url: url(0),
      pageOf: async (party) => {
        const { code, stdout, stderr } = await mpc([
          'page',
          '--config',
          join(directory, `party-${party}.toml`),
        ]);
        assert.equal(code, 0, stderr);
        return stdout.trim();
      },
      ask: (program, ...inputs) => asked(askFor(url(0), authorization, program, inputs, 24 * 3_600_000)),
      askBriefly: (program, ...inputs) => askBriefly(url(0), authorization, program, inputs),
      cancel: async (id) => {
        await json(`${url(0)}/collaboration/${id}`, { method: 'DELETE', headers: { authorization } });
      },
      stop: (place) => terminated(join(directory, `${place}.toml`)),
      start: (place) => {
        const config = join(directory, `${place}.toml`);
        const again = spawn(process.execPath, [join(ROOT, 'bin/mpc'), '--config', config], {
          stdio: ['pipe', 'ignore', 'ignore'],
          env: { ...process.env, MPC_PARENT_PIPE: '1' },
        });
        own.push(again);
      },
    });
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.stack : String(error)}\n${lastLines(join(directory, 'logs'))}`,
    );
  } finally {
    for (const again of own) {
      const gone = new Promise((resolve) => again.once('exit', resolve));
      if (again.kill('SIGTERM')) await gone;
    }
    child.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Ends the process that runs this configuration, and waits until it has ended: `mpc up` started it, and goes on without it. */
async function terminated(config: string): Promise<void> {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = processes.find((name) => commandOf(name).includes(config));
  assert.ok(pid !== undefined, `a process runs ${config}`);
  process.kill(Number(pid), 'SIGTERM');
  while (commandOf(pid).includes(config)) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
}

function commandOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has ended
  }
}

/** What each role wrote last, for whoever looks into a failure. */
const lastLines = (logs: string): string =>
  readdirSync(logs)
    .map(
      (name) =>
        `${name}:\n${readFileSync(join(logs, name), 'utf8').trimEnd().split('\n').slice(-6).join('\n')}`,
    )
    .join('\n');

/** Signs acme in, with the signature of its own client. Gives the header of who is signed in. */
async function signIn(coordinator: string, acme: string, directory: string): Promise<string> {
  const home = readFileSync(join(directory, 'state/party-acme/api-token'), 'utf8').trim();
  const keys = await json(`${acme}/account-keys`, { headers: { authorization: `Bearer ${home}` } });
  const account = { account: 'acme', password: 'a password of acme' };
  await json(`${coordinator}/account`, posted({ ...account, keys }));
  const { token } = await json(`${coordinator}/session`, posted(account));
  return `Bearer ${token}`;
}

/** As brief as this machine allows: its time must not have passed before it is opened. */
async function askBriefly(
  coordinator: string,
  authorization: string,
  program: string,
  inputs: readonly string[],
): Promise<string> {
  for (let ms = 4_000; ; ms *= 2) {
    const answer = await askFor(coordinator, authorization, program, inputs, ms);
    if (answer.status !== 409 || ms > START_MS) return asked(Promise.resolve(answer));
    assert.match(await answer.text(), /deadline-passed/);
  }
}

async function asked(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  const text = await response.text();
  assert.ok(response.ok, text);
  return JSON.parse(text).collaboration.id;
}

function askFor(
  coordinator: string,
  authorization: string,
  program: string | Program,
  inputs: readonly string[],
  withinMs: number,
): Promise<Response> {
  return fetch(
    `${coordinator}/collaboration`,
    posted(
      {
        program,
        inputs: inputs.map((input) => {
          const [party, table, maxRows = '60'] = input.split(':');
          return { party, table, maxRows: Number(maxRows) };
        }),
        outputs: PARTIES,
        deadline: new Date(Date.now() + withinMs).toISOString(),
      },
      authorization,
    ),
  );
}

const posted = (body: object, authorization?: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
  body: JSON.stringify(body),
});

// biome-ignore lint/suspicious/noExplicitAny: JSON of any form; tests look at what they asked for
async function json(url: string, init: RequestInit): Promise<any> {
  const response = await fetch(url, init);
  const text = await response.text();
  assert.ok(response.ok, `${url}: ${text}`);
  return JSON.parse(text);
}

/** Waits until it answers well. */
async function answered(url: string, isOver: () => boolean): Promise<void> {
  const until = Date.now() + START_MS;
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    if (isOver() || Date.now() > until) throw new Error(`${url} never answered`);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
