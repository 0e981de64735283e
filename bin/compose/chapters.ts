/**
 * Owns which chapters of the log each role follows.
 */
import { collaborationChart } from '../../roles/collaboration.ts';
import { electionChart } from '../../roles/election.ts';
import type { Chapter } from '../../src/coordination/chapter.ts';
import { collaborationsChapter } from '../../src/coordination/collaborations.ts';
import type { Trust } from '../../src/coordination/records.ts';
import { directoryChapter } from '../../src/directory/chapter.ts';
import type { DirectoryRules } from '../../src/directory/step.ts';
import type { SignatureMemo } from '../../src/election/box-memory.ts';
import { electionsChapter } from '../../src/election/chapter.ts';

/** All there are: coordinators answer for every one of them. */
export const allChapters = (rules: DirectoryRules): readonly Chapter[] => [
  ...participantChapters(rules.trust),
  directoryChapter(rules),
  ...electionChapters(rules),
];

/** What servers, dealer and clients act on. */
export const participantChapters = (trust: Trust): readonly Chapter[] => [
  collaborationsChapter({ trust, chart: collaborationChart }),
];

/** What those act on who hold elections and nothing else. `memo`: a server's, which has verified most ballots before they are boxed. */
export const electionChapters = (
  { deployment, trust }: DirectoryRules,
  memo?: SignatureMemo,
): readonly Chapter[] => [
  electionsChapter({ deployment, trust, chart: electionChart, ...(memo === undefined ? {} : { memo }) }),
];
