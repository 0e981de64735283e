/**
 * Owns how brokers are named: the URLs of one cluster, and how many copies of the log it keeps.
 */

/** "nats://a:4222, nats://b:4222" as a list. */
export const brokerUrls = (text: string): string[] => text.split(',').map((url) => url.trim());

/** One on every broker: an odd number, so that there is a majority; beyond five each costs more than it protects. */
export const copiesOn = (urls: readonly string[]): 1 | 3 | 5 =>
  urls.length >= 5 ? 5 : urls.length >= 3 ? 3 : 1;
