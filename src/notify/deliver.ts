/**
 * Owns telling endpoints of every change of status, at least once each, in order, from whichever replica claimed it in the log.
 * Must never let one endpoint wait for another, nor be taken for the change itself: what happened is what the log says.
 *
 * What is outstanding lies in the replicated state (src/coordination/notices.ts), so that no crash forgets it: a replica claims
 * an endpoint's notices for a while, sends them, and says so in the log; if it dies in between, another one sends them again.
 */
import { hex, utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import type { Clock } from '../base/clock.ts';
import { type ErrorReport, reportOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { CommandBody } from '../coordination/bodies.ts';
import type { CollaborationsView, Outstanding } from '../coordination/collaboration.ts';
import { derivedCommandId, newCommandId } from '../coordination/commands.ts';
import { signNotice } from '../coordination/notice.ts';
import { CLAIM_MS } from '../coordination/notices.ts';
import type { Identity } from '../identity/keys.ts';
import { type NotifyRules, noticeUrl } from './allowed.ts';
import { putNotice, type Resolve } from './put.ts';

/** How often the state is looked through for something to tell. */
const LOOK_MS = 250;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** A day: an endpoint that was away so long asks the coordinator itself. */
const GIVE_UP_MS = 24 * 3_600_000;

export interface NotifierOptions {
  readonly deployment: string;
  readonly identity: Identity;
  readonly state: CollaborationsView;
  /** Gets a command of the coordinator's into the log; resolves when it was applied or refused. */
  readonly submit: (body: CommandBody, id: string) => Promise<void>;
  readonly rules: NotifyRules;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly onTrouble: (
    report: ErrorReport,
    about: { readonly collaboration: string; readonly party: string },
  ) => void;
  readonly signal: AbortSignal;
}

/** Runs until aborted. */
export async function deliverNotices(options: NotifierOptions): Promise<void> {
  const notifier = new Notifier(options);
  const { clock, signal } = options;
  while (!signal.aborted) {
    notifier.look();
    await clock.sleep(LOOK_MS, signal).catch(() => {}); // aborted: the loop ends
  }
  await notifier.settled();
}

class Notifier {
  readonly #options: NotifierOptions;
  /** This replica's name in claims: replicas share the coordinator's key. */
  readonly #me: string;
  readonly #working = new Map<string, Promise<void>>();

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#me = hex.encode(options.random(8));
  }

  /** Begins to work on every endpoint that has notices outstanding and that no other replica works on. */
  look(): void {
    const { state, clock } = this.#options;
    for (const { id, notices } of state.collaborations())
      for (const [party, { pending, claim }] of Object.entries(notices)) {
        const key = `${id} ${party}`;
        const isTaken = claim !== undefined && claim.by !== this.#me && claim.untilMs > clock.now();
        if (pending.length === 0 || isTaken || this.#working.has(key)) continue;
        const work = this.#tell(id, party)
          .catch((error: unknown) => this.#note(reportOf(error), id, party))
          .finally(() => this.#working.delete(key));
        this.#working.set(key, work);
      }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#working.values());
  }

  /** Tells one endpoint, oldest first, until nothing is outstanding or another replica has taken over. */
  async #tell(id: string, party: string): Promise<void> {
    const { clock, signal, submit, random } = this.#options;
    let failures = 0;
    let claimedMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (clock.now() - claimedMs > CLAIM_MS / 2) {
        await submit({ kind: 'claimNotices', collaboration: id, party, by: this.#me }, newCommandId(random));
        claimedMs = clock.now();
      }
      const { pending = [], claim } = this.#outstanding(id, party) ?? {};
      const [next] = pending;
      if (next === undefined || claim?.by !== this.#me) return;
      const outcome = await this.#send(id, party, next);
      if (outcome !== 'again' || clock.now() - next.timeMs > GIVE_UP_MS) {
        const { sequence } = next;
        const body: CommandBody = { kind: 'noticesSent', collaboration: id, party, upTo: sequence };
        await submit(
          outcome === 'sent' ? body : { ...body, undelivered: true },
          derivedCommandId([{ ...body }]),
        );
        failures = 0;
        continue;
      }
      failures++;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
      await clock.sleep(pauseMs, signal);
    }
  }

  #outstanding(id: string, party: string): Outstanding | undefined {
    return this.#options.state.collaboration(id)?.notices[party];
  }

  async #send(
    id: string,
    party: string,
    next: Outstanding['pending'][number],
  ): Promise<'sent' | 'again' | 'never'> {
    const { deployment, identity, rules, resolve, signal, state } = this.#options;
    const endpoint = state.collaboration(id)?.lifecycle.context.endpoints[party];
    if (endpoint === undefined) return 'never'; // it has taken its address back
    const { sequence, status } = next;
    const notice = signNotice(identity, { deployment, party, collaboration: id, sequence, status });
    try {
      const url = noticeUrl(endpoint, id, rules);
      const body = utf8.encode(canonicalJson({ ...notice } satisfies Json));
      await putNotice({ url, body, rules, resolve, signal });
      return 'sent';
    } catch (error) {
      if (signal.aborted) return 'again';
      const report = reportOf(error);
      this.#note(report, id, party);
      return report.code === 'notify.not-allowed' ? 'never' : 'again';
    }
  }

  #note(report: ErrorReport, collaboration: string, party: string): void {
    if (!this.#options.signal.aborted) this.#options.onTrouble(report, { collaboration, party });
  }
}
