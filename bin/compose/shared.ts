/**
 * Owns the effects and deliveries that several roles share.
 */
import type { CommandBody } from '../../src/coordination/commands.ts';
import type { Delivery, Effect, EffectContext } from '../../src/host/host.ts';
import type { Runtime } from './runtime.ts';

/** Connecting and draining, as every root chart names them. */
export function rootEffects(runtime: Runtime): Readonly<Record<'connect' | 'drain', Effect>> {
  return { connect: () => runtime.connect(), drain: () => runtime.endTalks() };
}

export function commonDeliveries(
  runtime: Runtime,
  shred: (collaboration: string) => Promise<void>,
): Readonly<Record<'submit' | 'shred', Delivery>> {
  return {
    submit: (body: CommandBody, { id }) => runtime.submit(body, id),
    shred: ({ collaboration }: { collaboration: string }) => shred(collaboration),
  };
}

export function awaitDeadline(runtime: Runtime): Effect {
  return async ({ input, signal }: EffectContext<{ deadlineMs: number }>) => {
    const { clock } = runtime.parts;
    // Timers hold at most about 24 days; a later deadline is looked at again.
    for (let leftMs = input.deadlineMs - clock.now(); leftMs > 0; leftMs = input.deadlineMs - clock.now())
      await clock.sleep(Math.min(leftMs, 2 ** 31 - 1), signal);
  };
}
