/**
 * Owns the effects and deliveries that several roles share.
 */
import type { CommandBody } from '../../src/coordination/bodies.ts';
import type { Run } from '../../src/duties/workplace.ts';
import type { Delivery, Effect } from '../../src/host/host.ts';
import type { Runtime } from './runtime.ts';

/** Connecting and draining, as every root chart names them. */
export function rootEffects(runtime: Runtime): Readonly<Record<'connect' | 'drain', Effect>> {
  return { connect: () => runtime.connect(), drain: () => runtime.endTalks() };
}

export function commonDeliveries(
  runtime: Runtime,
  shred: (run: Run) => Promise<void>,
): Readonly<Record<'submit' | 'shred', Delivery>> {
  return {
    submit: (body: CommandBody, { id }) => runtime.submit(body, id),
    shred: (run: Run) => shred(run),
  };
}
