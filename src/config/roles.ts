/**
 * Owns the names of the roles that this executable plays.
 */
export const ROLES = ['server-a', 'server-b', 'server-c', 'dealer', 'client', 'coordinator'] as const;
export type Role = (typeof ROLES)[number];
