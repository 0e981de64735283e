/**
 * Owns what is kept of one collaboration: plain data, the same on every replica.
 * Must never hold anything private.
 */
import { digestOf, type Json } from '../base/canonical.ts';
import type { Address } from '../bus/subjects.ts';
import type { Descriptor } from './descriptor.ts';
import type { LifecycleSnapshot, LifecycleStatus } from './lifecycle.ts';

/** One collaboration as everyone sees it. */
export interface Collaboration {
  readonly id: string;
  /** The descriptor's digest. */
  readonly digest: string;
  readonly descriptor: Descriptor;
  readonly creator: Address;
  /** Log time of its creation and of its last change. */
  readonly createdMs: number;
  readonly changedMs: number;
  /** Log time at which the current attempt began. */
  readonly startedMs: number;
  readonly status: LifecycleStatus;
  readonly lifecycle: LifecycleSnapshot;
  /** What parties' endpoints have not been told yet, by party. */
  readonly notices: Notices;
}

/** What one endpoint has not been told yet. */
export interface Outstanding {
  /** Oldest first; `sequence` is the log entry's number, `timeMs` its time. */
  readonly pending: readonly {
    readonly sequence: number;
    readonly status: string;
    readonly timeMs: number;
  }[];
  readonly claim?: { readonly by: string; readonly untilMs: number };
}

/** By party. */
export type Notices = Readonly<Record<string, Outstanding>>;

/** What readers may ask about collaborations. */
export interface CollaborationsView {
  collaboration(id: string): Collaboration | undefined;
  /** Sorted by id. */
  collaborations(): readonly Collaboration[];
}

/** 32 hexadecimal digits: another after every change that readers see, the same on every replica. */
export function versionOf({ id, changedMs, lifecycle }: Collaboration): string {
  const seen = { id, changedMs, lifecycle: lifecycle as unknown as Json }; // plain JSON
  return digestOf('collaboration version', seen).slice(0, 32);
}

/** Until when input parties are waited for, in log time; undefined where all are needed. */
export function inputDeadlineMs({ descriptor, startedMs }: Collaboration): number | undefined {
  return descriptor.minimum === null ? undefined : startedMs + descriptor.minimum.waitMs;
}
