/**
 * Owns the entry point of the thread that compiles programs for a coordinator. Nothing else starts it.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { DescribeParts, Specified, SpecifyParts } from '../src/api/coordinator/seams.ts';
import { EXIT, MpcError, reportOf } from '../src/base/errors.ts';
import type { Descriptor } from '../src/coordination/descriptor.ts';
import type { FromThread } from '../src/duties/limited-thread.ts';
import { Compiler } from './local/compiler.ts';

export type CompileJob =
  | { readonly what: 'describe'; readonly parts: DescribeParts }
  | { readonly what: 'specify'; readonly parts: SpecifyParts };

export type CompileAnswer =
  | { readonly descriptor: Descriptor; readonly disclosure: readonly string[] }
  | Specified;

function serve(port: MessagePort): void {
  const compiler = new Compiler();
  const say = (message: FromThread<CompileAnswer>): void => port.postMessage(message);
  port.on('message', async (job: CompileJob) => {
    try {
      const answer =
        job.what === 'describe' ? await compiler.describe(job.parts) : await compiler.specify(job.parts);
      say({ type: 'done', answer });
    } catch (error) {
      const exitCode = error instanceof MpcError ? error.exitCode : EXIT.software;
      say({ type: 'failed', report: reportOf(error), exitCode });
    }
  });
  say({ type: 'ready' });
}

if (parentPort !== null) serve(parentPort);
