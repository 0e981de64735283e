/**
 * Owns `mpc collaboration approve|upload|withdraw|result` and `mpc page`: what a party's people do at their own client service.
 * Must never approve a digest that nobody has read out, nor print a row.
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import { answered, type ClientCalls, clientCalls } from '../../src/api/calls/calls.ts';
import type { components } from '../../src/api/calls/client-types.ts';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import type { ResultTable } from '../../src/sql/specification.ts';
import { tableText } from '../local/print.ts';
import { screenOf } from '../local/screen.ts';

export interface ClientServiceOptions {
  readonly config?: string;
  readonly client?: string;
  readonly clientToken?: string;
  readonly json?: boolean;
}

interface Service {
  readonly url: string;
  readonly token: string;
  readonly calls: ClientCalls;
}

export async function approve(
  id: string,
  options: ClientServiceOptions & { digest?: string },
): Promise<void> {
  const { calls } = serviceOf(options);
  const digest = options.digest ?? (await compared(calls, id));
  const part = answered(
    await calls.PUT('/approve/{cid}', { params: { path: { cid: id } }, body: { digest } }),
  );
  tell(options, part);
}

/** What was approved here, by the party's own key. */
export async function withdraw(id: string, options: ClientServiceOptions): Promise<void> {
  const { calls } = serviceOf(options);
  tell(options, answered(await calls.DELETE('/approve/{cid}', { params: { path: { cid: id } } })));
}

/** One file for the only table, or `table=file` for each. */
export async function upload(
  id: string,
  files: readonly string[],
  options: ClientServiceOptions & { digest?: string },
): Promise<void> {
  const { url, token, calls } = serviceOf(options);
  const before = answered(await calls.GET('/secrets/{cid}', { params: { path: { cid: id } } }));
  const digest = options.digest ?? (before.approved ? undefined : await compared(calls, id));
  const given = files.map(namedFile);
  for (const { table, file } of given) {
    if (!existsSync(file) || !statSync(file).isFile()) throw noFile(file);
    const query = new URLSearchParams({
      ...(table === undefined ? {} : { table }),
      ...(digest === undefined ? {} : { approve: digest }),
    });
    // A stream of the file: a table may be larger than memory.
    const response = await fetch(`${url}/secrets/${id}/${before.party}?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: Readable.toWeb(createReadStream(file)) as ReadableStream, // one class under two names
      duplex: 'half',
    });
    const text: unknown = await response.json();
    tell(options, answered({ data: text as Part, error: text, response }));
  }
}

export async function result(id: string, options: ClientServiceOptions & { csv?: boolean }): Promise<void> {
  const { calls } = serviceOf(options);
  const { party } = answered(await calls.GET('/secrets/{cid}', { params: { path: { cid: id } } }));
  const params = { path: { cid: id, pid: party } };
  if (options.csv === true) {
    const text = answered(
      await calls.GET('/result/{cid}/{pid}', { params, headers: { accept: 'text/csv' }, parseAs: 'text' }),
    );
    process.stdout.write(String(text));
    return;
  }
  const found = answered(
    await calls.GET('/result/{cid}/{pid}', { params, headers: { accept: 'application/json' } }),
  );
  if (typeof found === 'string') throw new Error('an answer in JSON is an object');
  if (options.json === true) process.stdout.write(`${JSON.stringify(found)}\n`);
  else
    process.stdout.write(`${tableText(found.table as ResultTable, screenOf(process.stdout, process.env))}\n`); // the face's schema names column types as text
}

/** The token is in the fragment, which browsers send to nobody. */
export function page(options: ClientServiceOptions): void {
  const { url, token } = serviceOf(options);
  const address = `${url}/page/#token=${token}`;
  process.stdout.write(options.json === true ? `${JSON.stringify({ address })}\n` : `${address}\n`);
}

type Part = components['schemas']['Part'];

/** Shows what approving means and asks for the digest, as the others read it out. */
async function compared(calls: ClientCalls, id: string): Promise<string> {
  const { specification } = answered(await calls.GET('/approve/{cid}', { params: { path: { cid: id } } }));
  if (!process.stdin.isTTY)
    throw new MpcError('descriptor.not-approved', `its digest ${specification.digest} is not approved yet`, {
      hint: 'compare it with the other parties, then give it as --digest',
      exitCode: EXIT.noPermission,
    });
  process.stderr.write(`${specification.disclosure.join('\n')}\n\ndescriptor  ${specification.digest}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const first = (
      await terminal.question('first 8 digits of the digest, as another party reads them out: ')
    ).trim();
    if (first.length >= 8 && specification.digest.startsWith(first.toLowerCase()))
      return specification.digest;
  } finally {
    terminal.close();
  }
  throw new MpcError('descriptor.not-approved', 'those are not the digits of this descriptor', {
    hint: 'do not send rows: somebody sees another descriptor than you',
    exitCode: EXIT.noPermission,
  });
}

function namedFile(text: string): { readonly table: string | undefined; readonly file: string } {
  const match = /^([a-z0-9_-]{1,64})=(.+)$/s.exec(text);
  return match === null || existsSync(text)
    ? { table: undefined, file: text }
    : { table: match[1], file: match[2] ?? '' };
}

/** From the options, or from the configuration of this party's client. */
function serviceOf(options: ClientServiceOptions): Service {
  const { url, tokenFile } = placeOf(options);
  let token: string;
  try {
    token = readFileSync(tokenFile, 'utf8').trim();
  } catch {
    throw new MpcError('client.no-token', `the token file ${tokenFile} cannot be read`, {
      hint: "start this party's client first (mpc --config …), as the same user",
      exitCode: EXIT.noPermission,
    });
  }
  return { url, token, calls: clientCalls({ urls: [url], token, clock: systemClock, random: systemRandom }) };
}

function placeOf({ client, clientToken, config = 'mpc.toml' }: ClientServiceOptions): {
  url: string;
  tokenFile: string;
} {
  if (client !== undefined && clientToken !== undefined) return { url: client, tokenFile: clientToken };
  if (client !== undefined || clientToken !== undefined)
    throw new MpcError('usage.client', '--client and --client-token belong together', {
      exitCode: EXIT.usage,
    });
  const { api, state } = loadRoleConfig(config, {}, process.env);
  if (api === undefined)
    throw new MpcError('usage.client', `${config} has no client service`, {
      hint: 'add an [api] section with listen = "127.0.0.1:8090" to it, and start the client again',
      exitCode: EXIT.badConfig,
    });
  const scheme = api.certificate === undefined ? 'http' : 'https';
  const address = api.addressFile !== undefined && existsSync(api.addressFile);
  return {
    url: address ? readFileSync(api.addressFile ?? '', 'utf8').trim() : `${scheme}://${api.listen}`,
    tokenFile: api.tokenFile ?? join(state, 'api-token'),
  };
}

function tell({ json }: ClientServiceOptions, part: Part): void {
  const { collaboration, status, tables, withdrawn } = part;
  const how = withdrawn ? 'your part is taken back' : part.part;
  const missing = tables.filter(({ given }) => !given).map(({ table }) => table);
  const far =
    how ??
    (missing.length > 0 ? `waiting for the rows of ${missing.join(', ')}` : 'waiting for your approval');
  process.stdout.write(
    json === true ? `${JSON.stringify(part)}\n` : `${collaboration}  ${status}; here: ${far}\n`,
  );
}

const noFile = (file: string): MpcError =>
  new MpcError('rows.no-file', 'there is no such file', {
    place: { file },
    hint: 'check its path',
    exitCode: EXIT.noInput,
  });
