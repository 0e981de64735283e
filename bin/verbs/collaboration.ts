/**
 * Owns `mpc collaboration …` with the coordinators: create, list, show, join, watch, withdraw, cancel, rerun. Any replica will do.
 * Must never act for a party but by its account's session.
 */
import { answered, type CoordinatorCalls, coordinatorCalls } from '../../src/api/calls/calls.ts';
import type { components } from '../../src/api/calls/coordinator-types.ts';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { ENDED, STATUSES } from '../../src/coordination/lifecycle.ts';
import { eventsOf } from '../../src/directory/client/event-stream.ts';
import { declaredOf } from '../../src/programs/compile.ts';
import { callsTo, coordinatorUrls, type DirectoryOptions, signedIn } from '../local/directory.ts';
import { gridLines } from '../local/grid.ts';
import { openHome } from '../local/home.ts';
import { inputsOf } from '../local/inputs.ts';
import { readProgram } from '../local/program-file.ts';
import { parseSource, storedThrough } from '../local/results.ts';
import { screenOf } from '../local/screen.ts';
import type { TermOptions } from '../term-options.ts';

type Schemas = components['schemas'];
type Collaboration = Schemas['Collaboration'];

export interface CollaborationOptions extends DirectoryOptions {
  readonly json?: boolean;
}

export type CreateOptions = CollaborationOptions & TermOptions;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export async function create(file: string, options: CreateOptions): Promise<void> {
  const program = await readProgram(file, options);
  const sources = options.source.map(parseSource);
  const { calls } = await opened(options);
  const declared = await declaredOf(program, await storedThrough(calls, sources));
  const isRead = options.input.length === 0 && sources.length > 0;
  const body = {
    program,
    sources,
    ...(declared.form === 'plan'
      ? { inputs: [...declared.inputs], outputs: [...declared.receivers] }
      : {
          inputs: isRead ? [] : inputsOf(declared, options.input),
          outputs: [...options.output],
        }),
    minGroupSize: options.minGroup,
    minimum:
      options.minParties === undefined
        ? null
        : { parties: options.minParties, waitMs: options.wait * MINUTE_MS },
    reruns: options.reruns,
    resultUses: options.resultUses,
    roundTripMs: options.roundTrip,
    deadline: new Date(systemClock.now() + options.hours * HOUR_MS).toISOString(),
  };
  const { collaboration, disclosure } = answered(await calls.POST('/collaboration', { body }));
  const { id, digest } = collaboration;
  tell(options, { id, digest, disclosure }, [
    ...disclosure,
    '',
    `collaboration  ${id}`,
    `descriptor     ${digest}`,
  ]);
}

export async function list(
  options: CollaborationOptions & { status?: string; party?: string },
): Promise<void> {
  const { calls } = await opened(options);
  const { party } = options;
  const status = statusNamed(options.status);
  const found: Schemas['CollaborationSummary'][] = [];
  for (let after: string | undefined; ; ) {
    const query = {
      ...(status === undefined ? {} : { status }),
      ...(party === undefined ? {} : { party }),
      ...(after === undefined ? {} : { after }),
    };
    const { items, next } = answered(await calls.GET('/collaboration', { params: { query } }));
    found.push(...items);
    if (next === null) break;
    after = next;
  }
  const rows = found.map(({ id, status: state, creator, inputs, outputs }) => [
    id,
    state,
    creator,
    inputs.join(', '),
    outputs.join(', '),
  ]);
  const columns = ['id', 'status', 'opened by', 'rows of', 'result for'].map((name) => ({ name }));
  const lines = gridLines({ columns, rows }, screenOf(process.stdout, process.env));
  tell(options, { collaborations: found }, rows.length === 0 ? ['no collaborations'] : lines);
}

export async function show(id: string, options: CollaborationOptions): Promise<void> {
  const { calls } = await opened(options);
  const collaboration = await found(calls, id);
  const params = { path: { cid: id } };
  const { resultIds } = answered(await calls.GET('/collaboration/{cid}/result-ids', { params }));
  tell(options, { ...collaboration, resultIds }, [
    ...paragraph(collaboration),
    ...resultIds.map((result) => `  result      ${result}`),
  ]);
}

/** As whatever the descriptor names this party. */
export async function join(id: string, options: CollaborationOptions & { notify?: string }): Promise<void> {
  const { calls, account } = await opened(options);
  const { inputs, outputs } = await found(calls, id);
  const path = { cid: id, pid: account };
  const body = options.notify === undefined ? {} : { notify: options.notify };
  if (!inputs.includes(account) && !outputs.includes(account))
    throw new MpcError('collaboration.not-a-party', `${account} takes no part in collaboration ${id}`, {
      hint: 'sign in as one of its parties',
      exitCode: EXIT.noPermission,
    });
  if (outputs.includes(account))
    answered(await calls.PUT('/collaboration/{cid}/register-output-party/{pid}', { params: { path }, body }));
  if (!inputs.includes(account))
    return tell(options, { id, party: account }, [`${account} takes part and learns the result`]);
  const specification = answered(
    await calls.PUT('/collaboration/{cid}/register-input-party/{pid}', { params: { path }, body }),
  );
  tell(options, specification, [
    ...specification.disclosure,
    '',
    ...specification.tables.map(
      ({ table, maxRows, exact, header, bits }) =>
        `${table}: ${exact ? 'exactly' : 'up to'} ${maxRows} rows, ${bits === undefined ? `with the columns ${header}` : `of ${bits} bits`}`,
    ),
    `descriptor     ${specification.digest}`,
  ]);
}

/** Until it has ended and every receiver has its result. Reconnects by itself. */
export async function watch(id: string, options: CollaborationOptions): Promise<void> {
  const { calls } = await opened(options);
  const signal = new AbortController().signal;
  for (let last: string | undefined; ; ) {
    const headers = last === undefined ? {} : { 'last-event-id': last };
    const { response, error } = await calls.GET('/collaboration/{cid}/events', {
      params: { path: { cid: id } },
      headers,
      parseAs: 'stream',
    });
    if (!response.ok) throw answered({ error, response });
    if (response.body === null) continue;
    try {
      for await (const event of eventsOf(response.body, systemClock, signal)) {
        last = event.id ?? last;
        const data: Happened = JSON.parse(event.data); // of the face's own making; what is shown is text
        tell(options, data, [line(data)]);
        if (isOver(data.collaboration)) return;
      }
    } catch (reason) {
      if (!(reason instanceof MpcError) || reason.code !== 'api.silent') throw reason;
    }
  }
}

interface Happened {
  readonly at?: string;
  readonly kind?: string;
  readonly author?: string;
  readonly collaboration: Collaboration;
}

export async function withdraw(id: string, options: CollaborationOptions): Promise<void> {
  const { calls, account } = await opened(options);
  const path = { cid: id, pid: account };
  const answer = await calls.DELETE('/collaboration/{cid}/register-input-party/{pid}', { params: { path } });
  if (answer.error?.code === 'collaboration.own-key')
    throw new MpcError(answer.error.code, answer.error.detail, {
      hint: "take it back at the party's own client: add --config with its configuration, or press the button on its page",
      exitCode: EXIT.noPermission,
    });
  changed(options, answered(answer));
}

export async function cancel(id: string, options: CollaborationOptions): Promise<void> {
  const { calls } = await opened(options);
  changed(options, answered(await calls.DELETE('/collaboration/{cid}', { params: { path: { cid: id } } })));
}

export async function rerun(id: string, options: CollaborationOptions): Promise<void> {
  const { calls } = await opened(options);
  const { attempt } = await found(calls, id);
  const params = { path: { cid: id } };
  changed(
    options,
    answered(await calls.POST('/collaboration/{cid}/rerun', { params, body: { attempt: attempt + 1 } })),
  );
}

async function opened(options: CollaborationOptions): Promise<{ calls: CoordinatorCalls; account: string }> {
  const home = openHome(options);
  const { profile } = home;
  if (profile === undefined) throw new Error('a home that was found has a profile');
  const urls = coordinatorUrls(options, profile);
  const token = await signedIn(home, profile, callsTo(urls), options);
  return {
    calls: coordinatorCalls({ urls, token, clock: systemClock, random: systemRandom }),
    account: profile.account,
  };
}

const found = async (calls: CoordinatorCalls, id: string): Promise<Collaboration> =>
  answered(await calls.GET('/collaboration/{cid}', { params: { path: { cid: id } } }));

function statusNamed(text: string | undefined): Schemas['Status'] | undefined {
  if (text === undefined) return undefined;
  const status = STATUSES.find((one) => one === text);
  if (status !== undefined) return status;
  throw new MpcError('usage.status', `${JSON.stringify(text)} is no state of a collaboration`, {
    hint: `use one of ${STATUSES.join(', ')}`,
    exitCode: EXIT.usage,
  });
}

function paragraph(collaboration: Collaboration): string[] {
  const { id, status, creator, digest, inputParties, outputs, waiting, reason, attempt } = collaboration;
  return [
    `${id}  ${status}${attempt > 1 ? ` (attempt ${attempt})` : ''}  opened by ${creator}`,
    `  descriptor  ${digest}`,
    ...inputParties.map(({ party, tables, registered, approved, uploaded }) => {
      const limits = tables.map(({ table, maxRows }) => `up to ${maxRows} rows of ${table}`).join(', ');
      const far =
        uploaded !== null ? 'uploaded' : approved ? 'approved' : registered ? 'takes part' : 'invited';
      return `  ${party}  ${limits}: ${far}`;
    }),
    `  result for  ${outputs.join(', ')}`,
    ...waiting.map(({ sentence }) => `  ${sentence}`),
    ...(reason === undefined ? [] : [`  because     ${reason.message} [${reason.code}]`]),
  ];
}

function line({ at, kind, author, collaboration: { status, waiting } }: Happened): string {
  const what = kind === undefined ? '' : `${author}: ${kind}; `;
  return `${at ?? new Date(systemClock.now()).toISOString()}  ${what}${status}${waiting.map(({ sentence }) => `; ${sentence}`).join('')}`;
}

const isOver = ({ status, outputs, received }: Collaboration): boolean =>
  status === 'finished' ? outputs.every((party) => received.includes(party)) : ENDED.includes(status);

const changed = (options: CollaborationOptions, collaboration: Collaboration): void =>
  tell(options, collaboration, paragraph(collaboration));

/** The answer as JSON for programs, as lines for people. */
function tell({ json }: Pick<CollaborationOptions, 'json'>, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json === true ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
}
