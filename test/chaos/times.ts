/**
 * How long what the load makes is there: short for what is kept in a bounded number, so that what has ended makes room.
 */
export const SESSION_MS = 24 * 3600_000;
/** Collaborations are forgotten once they have ended and their deadline has passed. */
export const COLLABORATION_MS = 10 * 60_000;
export const ELECTION_MS = 24 * 3600_000;
/** Between two elections: a deployment keeps 4,096 of them. */
export const BETWEEN_ELECTIONS_MS = 2_000;
