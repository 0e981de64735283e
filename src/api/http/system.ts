/**
 * Owns the paths that say how a process is: alive, and ready.
 */
import { z } from 'zod';
import type { ErrorReport } from '../../base/errors.ts';
import { problems } from '../schemas.ts';
import type { Routes } from './face.ts';
import { HttpRefusal } from './problem.ts';

const aliveSchema = z.object({ ok: z.literal(true) }).meta({ id: 'Alive' });

/** `fault`: why it cannot serve now; undefined when it can. */
export function systemRoutes(app: Routes, fault: () => Promise<ErrorReport | undefined>): void {
  const open = { config: { open: true } };
  const alive = { tags: ['system'], security: [], response: { 200: aliveSchema, ...problems() } };
  const ok = { ok: true } as const;
  app.get(
    '/ping',
    { ...open, schema: { ...alive, operationId: 'ping', summary: 'Is anybody there?' } },
    async () => ok,
  );
  app.get(
    '/healthz',
    { ...open, schema: { ...alive, operationId: 'health', summary: 'The process runs' } },
    async () => ok,
  );
  app.get(
    '/readyz',
    {
      ...open,
      schema: { ...alive, operationId: 'readiness', summary: 'It serves: 503 with the reason otherwise' },
    },
    async () => {
      const why = await fault();
      if (why !== undefined) throw new HttpRefusal(503, why, { retryAfterS: 1 });
      return ok;
    },
  );
}
