/**
 * Owns what the service manager hears while a role runs: that it is ready, what it waits for, that it is alive, that it ends.
 * Must never send more than once a second, nor call a role alive whose log has gone on without it.
 */
import type { Clock } from '../base/clock.ts';
import type { ServiceManager } from './notify.ts';
import type { Pulse } from './pulse.ts';
import { statusLine, type Vitals, whyNotReady } from './vitals.ts';

export interface AttendantOptions {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly vitals: () => Vitals;
  readonly pulse: Pulse;
  /** The last entry of the log now; undefined when nobody can tell. */
  readonly logEnds: () => Promise<number | undefined>;
  /** Aborted when the role has ended. */
  readonly signal: AbortSignal;
}

const LOOK_MS = 1_000;
/** So often while it waits to become ready, without a watchdog to say otherwise. */
const BEAT_MS = 20_000;
/** A role that waits asks for this much more time at every beat. */
const PATIENCE_USEC = 90_000_000;

/** Resolves when the role has ended. */
export async function attend({
  manager,
  clock,
  vitals,
  pulse,
  logEnds,
  signal,
}: AttendantOptions): Promise<void> {
  const beatMs = (manager.watchdogMs ?? 3 * BEAT_MS) / 3;
  const lookMs = Math.min(LOOK_MS, beatMs);
  // Counted in looks: a clock that is set back must not keep the watchdog waiting.
  const looksPerBeat = Math.max(1, Math.floor(beatMs / lookMs));
  let said = '';
  let isReady = false;
  let isStopping = false;
  let isBeating = false;
  let seen = '';

  /** Reads all collaborations, which may be many: only after something has changed. */
  const sayIfChanged = (now: Vitals): string => {
    const { collaborations: _, bus, ...facts } = now;
    const sight = JSON.stringify({ ...facts, isConnected: bus?.isConnected });
    if (sight === seen) return said;
    seen = sight;
    return statusLine(now);
  };

  /** Looks after the pulse beside everything else: the broker may take its time. */
  const beat = async (): Promise<void> => {
    isBeating = true;
    const ends = await logEnds().catch(() => undefined);
    isBeating = false;
    if (pulse.beat(vitals().sequence, ends))
      manager.send({ WATCHDOG: '1', ...(isReady ? {} : { EXTEND_TIMEOUT_USEC: String(PATIENCE_USEC) }) });
  };

  for (let look = 0; !signal.aborted; look++) {
    const now = vitals();
    const status = sayIfChanged(now);
    const becomesReady: boolean = !isReady && whyNotReady(now) === undefined;
    const beginsToStop: boolean = !isStopping && now.isDraining;
    isReady ||= becomesReady;
    isStopping ||= beginsToStop;
    if (status !== said)
      manager.send({
        ...(becomesReady ? { READY: '1' } : {}),
        ...(beginsToStop ? { STOPPING: '1' } : {}),
        STATUS: status,
      });
    said = status;
    if (look % looksPerBeat === 0 && !isBeating) void beat();
    await clock.sleep(lookMs, signal).catch(() => undefined);
  }
  if (!isStopping) manager.send({ STOPPING: '1' });
}
