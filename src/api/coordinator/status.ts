/**
 * Owns what a replica of the coordinator says about itself.
 */
import { z } from 'zod';
import type { Routes } from '../http/face.ts';
import { problems } from '../schemas.ts';
import type { Replica } from './seams.ts';
import { statusSchema } from './views.ts';

const systemStatusSchema = z
  .object({
    deployment: z.string(),
    sequence: z.int().meta({ description: 'The last entry of the log that was applied here' }),
    collaborations: z.partialRecord(statusSchema, z.int()),
    log: z
      .object({ takesEntries: z.boolean(), code: z.string().optional(), message: z.string().optional() })
      .meta({ description: 'Whether anything can be changed now' }),
  })
  .meta({ id: 'CoordinatorStatus' });

export function statusRoutes(app: Routes, replica: () => Replica): void {
  app.get(
    '/sys-status',
    {
      schema: {
        operationId: 'systemStatus',
        summary: 'How far this replica is, and whether the log takes entries',
        tags: ['system'],
        response: { 200: systemStatusSchema, ...problems() },
      },
    },
    async () => {
      const here = replica();
      const counts: Partial<Record<z.infer<typeof statusSchema>, number>> = {};
      for (const { status } of here.collaborations()) counts[status] = (counts[status] ?? 0) + 1;
      const fault = await here.logFault();
      return {
        deployment: here.deployment,
        sequence: here.sequence(),
        collaborations: counts,
        log:
          fault === undefined
            ? { takesEntries: true }
            : { takesEntries: false, code: fault.code, message: fault.message },
      };
    },
  );
}
