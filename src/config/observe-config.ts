/**
 * Owns the [observe] section of a role's configuration: where its metrics and health are read. Off without it.
 * Must never let other machines in: what is read there is about everyone whom this role serves.
 */
import { z } from 'zod';
import { isLoopback, parseListen } from './api-config.ts';

export const observeSchema = z.strictObject({
  /** A loopback address; port 0 takes a free one. */
  listen: z
    .string()
    .refine(
      (text) => isLoopback(parseListen(text)?.host ?? ''),
      'write a loopback address and a port, for example 127.0.0.1:9464',
    ),
  /** File that the address in use is written to: for those who start this with port 0. */
  addressFile: z.string().optional(),
});

export type ObserveConfig = z.infer<typeof observeSchema>;
