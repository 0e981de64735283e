/**
 * Owns how a client stands behind its service: approvals and rows are kept at its desk and checked before anything is done with them.
 */
import type { PartyDesk } from '../../src/api/client/seams.ts';
import { assert, EXIT, MpcError } from '../../src/base/errors.ts';
import { partiesAmong } from '../../src/bus/subjects.ts';
import type { ClientConfig } from '../../src/config/role-config.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { verifyNotice } from '../../src/coordination/notice.ts';
import { submitCommand } from '../../src/coordination/submit.ts';
import type { Post } from '../../src/directory/client/post.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import type { ClientDuties } from '../../src/duties/client-duties.ts';
import type { Desk } from '../../src/duties/desk.ts';
import type { Queries, Query } from '../../src/duties/queries.ts';
import type { Run, Workplace } from '../../src/duties/workplace.ts';
import { ElectionsView } from '../../src/election/rows.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { checkLines } from '../../src/rows/lines.ts';
import { prepareFiles } from '../../src/rows/prepare.ts';
import { type Review, reviewCsv } from '../../src/rows/review.ts';
import type { TableSpecification } from '../../src/sql/specification.ts';
import type { Changes } from './changes.ts';

export interface ClientDeskParts {
  readonly place: Workplace;
  readonly config: ClientConfig;
  readonly queries: Queries;
  readonly desk: Desk;
  readonly duties: ClientDuties;
  readonly states: (collaboration: Collaboration) => readonly string[] | undefined;
  readonly takePart: (collaboration: string) => Promise<void>;
  readonly changes: Changes;
  readonly post: Post;
}

/** How long the coordinators may take to hear that a part is taken back. */
const WITHDRAW_MS = 30_000;

export function clientDesk({
  place,
  config,
  queries,
  desk,
  duties,
  states,
  takePart,
  changes,
  post,
}: ClientDeskParts): PartyDesk {
  const { deployment, follower, trust, identity, clock } = place;
  const { party } = config;
  const { collaboration, collaborations } = collaborationsIn(follower.state);
  const fileOf = (id: string, table: string): string | undefined =>
    desk.rows(id, table) ?? config.tables[table];
  return {
    deployment,
    party,
    sequence: () => follower.state.sequence,
    collaboration,
    collaborations,
    hasApproved: ({ id, digest }) => config.approve.includes(digest) || desk.approved(id) === digest,
    approve: async ({ id, digest }) => {
      await desk.approve(id, digest);
      await takePart(id);
      changes.tell(id);
    },
    hasRows: ({ id }, table) => fileOf(id, table) !== undefined,
    bring: async (wanted, table, rows) => {
      const { id, digest, descriptor } = wanted;
      if (states(wanted) !== undefined) throw begun(wanted);
      const query = await queries.of(digest, descriptor, collaboration);
      await desk.take(id, table, rows, (file) => fits(query, wanted, table, file).catch(withoutFile(table)));
      await takePart(id);
      changes.tell(id);
    },
    look: async (wanted, table, rows) => {
      const { id, digest, descriptor } = wanted;
      const query = await queries.of(digest, descriptor, collaboration);
      return desk.look(id, table, rows, (file) => review(query, wanted, table, file));
    },
    watch: (changed) => changes.watch(changed),
    states,
    result: ({ id, lifecycle }) => duties.result(runOf(id, lifecycle.context.attempt)),
    accountKeys: async () =>
      sayKeys({
        deployment,
        account: party,
        identity,
        sealing: sealingKeyOf(identity).publicKey,
        nowMs: clock.now(),
      }),
    post,
    parties: () => partiesAmong(Object.keys(trust)),
    canWithdraw: (wanted) => isApprovedHereOnly(wanted) || isAgreed(wanted),
    withdraw,
    elections: {
      view: new ElectionsView(follower.state),
      place: { bus: place.bus, deployment },
      random: place.random,
      now: () => clock.now(),
    },
    hear: (notice) => {
      verifyNotice(notice, trust.coordinator);
      if (notice.deployment !== deployment || notice.party !== party)
        throw new MpcError('notice.not-allowed', 'the notice is for somebody else', {
          exitCode: EXIT.noPermission,
        });
    },
  };

  /** Approved at the desk, while rows are missing: the log knows nothing of it. */
  function isApprovedHereOnly(wanted: Collaboration): boolean {
    const { id, status, digest } = wanted;
    return BEFORE_START.includes(status) && states(wanted) === undefined && desk.approved(id) === digest;
  }

  /** The log has this party's approval, and no server has begun. */
  function isAgreed({ status, lifecycle }: Collaboration): boolean {
    const { approvals, inputs, approvers, bound } = lifecycle.context;
    const bringsRows = inputs.includes(party) || approvers.includes(party);
    return (
      BEFORE_START.includes(status) &&
      bringsRows &&
      approvals.includes(party) &&
      Object.keys(bound).length === 0
    );
  }

  /** In the log first: what the desk holds is forgotten once everyone knows. */
  async function withdraw(wanted: Collaboration): Promise<void> {
    const { id, lifecycle } = wanted;
    if (!isApprovedHereOnly(wanted)) {
      const late = new AbortController();
      const cancel = clock.after(WITHDRAW_MS, () => late.abort(unheard()));
      const { signal } = late;
      const { bus, me, random } = place;
      const body = { kind: 'withdraw', collaboration: id, attempt: lifecycle.context.attempt } as const;
      try {
        await submitCommand({ bus, deployment, identity, me, clock, signal }, body, newCommandId(random));
        await follower.until((log) => {
          const facts = log.collaboration(id)?.lifecycle.context;
          return facts?.approvals.includes(party) !== true;
        }, signal);
      } finally {
        cancel();
      }
    }
    desk.forget(id);
    changes.tell(id);
  }

  /** What fits by itself is checked as it will be when it is brought. */
  async function review(
    query: Query,
    wanted: Collaboration,
    table: string,
    file: string,
  ): Promise<Review & { readonly columns: readonly string[] }> {
    const declared = query.form === 'bits' ? undefined : declaredIn(query, table);
    const columns = declared?.columns.map(({ name }) => name) ?? [];
    const maxRows = wanted.descriptor.inputs.find(
      (input) => input.party === party && input.table === table,
    )?.maxRows;
    const seen: Review =
      declared === undefined
        ? { rows: maxRows ?? 0, preview: [], passedOver: [], faults: [], hasMore: false }
        : await reviewCsv({ party, file, table: declared, maxRows });
    if (seen.faults.length > 0) return { ...seen, columns };
    try {
      await fits(query, wanted, table, file);
      return { ...seen, columns };
    } catch (error) {
      if (!(error instanceof MpcError) || !error.code.startsWith('rows.')) throw error;
      return { ...seen, columns, faults: [error.report()] };
    }
  }

  /** With the last table everything is checked as the client itself will: keys, orders, exact numbers of rows. */
  async function fits(
    query: Query,
    { id, descriptor }: Collaboration,
    table: string,
    file: string,
  ): Promise<void> {
    const own = descriptor.inputs.filter((input) => input.party === party);
    const files = own.flatMap(({ table: name, maxRows }) => {
      const given = name === table ? file : fileOf(id, name);
      return given === undefined ? [] : [{ table: name, file: given, maxRows }];
    });
    if (files.length === own.length) {
      await prepareFiles(query, { party, files });
      return;
    }
    if (query.form === 'bits') {
      const input = query.bits.inputs.find((candidate) => candidate.table === table);
      assert(input !== undefined, 'a circuit has an input of that name');
      await checkLines({ party, file, width: input.width });
      return;
    }
    await checkCsv({
      party,
      file,
      table: declaredIn(query, table),
      maxRows: own.find((input) => input.table === table)?.maxRows,
    });
  }
}

function declaredIn({ tables }: Extract<Query, { tables: unknown }>, table: string): TableSpecification {
  const declared = tables.find(({ name }) => name === table);
  assert(declared !== undefined, 'a table that is brought is declared');
  return declared;
}

const BEFORE_START: readonly string[] = ['open', 'registering', 'collecting'];

const unheard = (): MpcError =>
  new MpcError('coordinator.away', 'no coordinator has heard that this part is taken back', {
    hint: 'try again; until then it counts',
    exitCode: EXIT.temporary,
  });

const runOf = (collaboration: string, attempt: number): Run => ({ collaboration, attempt });

/** Where the rows lie for a moment is nobody's business: people know them by their table. */
function withoutFile(table: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof MpcError) || error.place?.file === undefined) throw error;
    const { code, message, hint, place, exitCode } = error;
    throw new MpcError(code, message, {
      place: { ...place, file: table },
      exitCode,
      ...(hint === undefined ? {} : { hint }),
    });
  };
}

const begun = ({ id }: Collaboration): MpcError =>
  new MpcError('collaboration.rows-fixed', `this party takes part in ${id} with the rows that it handed in`, {
    hint: 'withdraw before the start, or create a new collaboration',
    exitCode: EXIT.temporary,
  });
