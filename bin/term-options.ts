/**
 * Owns the options in which the terms of a collaboration are given, alike wherever one is described.
 */
import type { Command } from 'commander';
import { collect, positiveInteger, roundTrip, wholeNumber } from './option-values.ts';

export interface TermOptions {
  readonly bits?: boolean;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly minGroup: number;
  /** The fewest input parties it may start with, and how many minutes the others are waited for. */
  readonly minParties?: number;
  readonly wait: number;
  readonly reruns: number;
  /** `table=<result id>`: an earlier result that is read as rows of that table. */
  readonly source: readonly string[];
  readonly resultUses: number;
  /** Milliseconds. */
  readonly roundTrip: number;
  readonly hours: number;
}

/** Adds them to a command, with its argument: the program. */
export const withTerms = (command: Command): Command =>
  command
    .argument('<program>', 'SQL, a TypeScript program (.ts, .mjs, .js), or with --bits a circuit')
    .option('--bits', 'the program is a Boolean circuit in Bristol Fashion')
    .option(
      '--input <party[:table]=rows>',
      'an input party and the most rows it may bring (repeat for each)',
      collect,
      [],
    )
    .option('--output <party>', 'a party that learns the result (repeat for each)', collect, [])
    .option('--min-group <count>', 'hide groups of fewer rows', positiveInteger, 1)
    .option(
      '--min-parties <count>',
      'start with so many input parties when the time for the others has passed',
      positiveInteger,
    )
    .option(
      '--wait <minutes>',
      'how long all input parties are waited for, with --min-parties',
      positiveInteger,
      60,
    )
    .option('--reruns <count>', 'how often its result may be computed again on new uploads', wholeNumber, 0)
    .option(
      '--source <table=result>',
      'read an earlier result, by its id, as rows of that table',
      collect,
      [],
    )
    .option('--result-uses <count>', 'how many later runs may read its result on the servers', wholeNumber, 0)
    .option('--round-trip <ms>', 'plan for servers that far apart, there and back', roundTrip, 0)
    .option('--hours <count>', 'hours until it expires', positiveInteger, 24);
