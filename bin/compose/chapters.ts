/**
 * Owns which chapters of the log each role follows.
 */
import { collaborationChart } from '../../roles/collaboration.ts';
import type { Chapter } from '../../src/coordination/chapter.ts';
import { collaborationsChapter } from '../../src/coordination/collaborations.ts';
import type { Trust } from '../../src/coordination/records.ts';
import { directoryChapter } from '../../src/directory/chapter.ts';
import type { DirectoryRules } from '../../src/directory/step.ts';

/** All there are: coordinators answer for every one of them. */
export const allChapters = (rules: DirectoryRules): readonly Chapter[] => [
  ...participantChapters(rules.trust),
  directoryChapter(rules),
];

/** What servers, dealer and clients act on. */
export const participantChapters = (trust: Trust): readonly Chapter[] => [
  collaborationsChapter({ trust, chart: collaborationChart }),
];
